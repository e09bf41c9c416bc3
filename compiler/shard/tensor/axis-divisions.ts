/**
 * In which ways an axis that a product makes can be divided so that its users can go on: a fused projection of queries,
 * keys and values is taken apart again behind, and must be divided part by part. Follows the value through bias, views
 * and transposes up to where it is taken apart.
 */
import { constantOf, type Dim } from "../../../language/tensor/dim.ts";
import type { KnownValue } from "../../onnx/infer/known-value.ts";
import { constantInt } from "../../onnx/infer/scalar.ts";
import type { Node } from "../../onnx/model-graph.ts";
import { axisGroups } from "./reshape-axes.ts";
import { dividesAxis, shard } from "./tensor-state.ts";

export interface DivisionView {
  shape(name: string): readonly Dim[] | undefined;
  value(name: string): KnownValue | undefined;
  users(name: string): readonly Node[];
}

/** An axis on the way. */
interface Tracked {
  readonly name: string;
  readonly axis: number;
  /** Whether this is only the leading factor of the axis. */
  readonly isLeading: boolean;
}

const nodesMax = 40;
const passing: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div", "Identity", "Cast", "Dropout", "BatchNormalization", "Relu", "Sigmoid", "Tanh", "Clip"]);

/** The divisions of `axis` of a value among `count` ranks, the plain one first; none if it cannot be divided. */
export function axisDivisions(view: DivisionView, name: string, axis: number, count: number): readonly (readonly number[])[] {
  const length = numberOf(view.shape(name)?.[axis]);
  if (length === undefined) return [];
  const found = new Map<string, readonly number[]>();
  const offer = (runs: readonly number[]): void => {
    const state = shard(axis, runs);
    if (dividesAxis(state.runs, view.shape(name)?.[axis], count)) found.set(state.runs.join("+"), state.runs);
  };
  offer([length]);
  const bounds = new Set<number>();
  const open: Tracked[] = [{ name, axis, isLeading: false }];
  const seen = new Set<string>();
  for (const at of open) {
    if (seen.size > nodesMax) break;
    for (const user of view.users(at.name)) {
      if (seen.has(`${user.index} ${at.axis} ${at.isLeading}`)) continue;
      seen.add(`${user.index} ${at.axis} ${at.isLeading}`);
      follow(view, at, user, length, { open, offer, bounds });
    }
  }
  if (bounds.size > 0) {
    const places = [...new Set([0, ...bounds, length])].filter((place) => place >= 0 && place <= length).sort((a, b) => a - b);
    offer(places.slice(1).map((place, i) => place - (places[i] ?? 0)));
  }
  return [...found.values()].slice(0, divisionsMax);
}

const divisionsMax = 4;

interface Findings {
  readonly open: Tracked[];
  readonly bounds: Set<number>;
  offer(runs: readonly number[]): void;
}

/** A user of an axis on the way, and what is known there. */
interface Place {
  readonly view: DivisionView;
  readonly at: Tracked;
  readonly user: Node;
  readonly shape: readonly Dim[];
  readonly out: string;
  readonly after: readonly Dim[] | undefined;
  /** Of the axis that is to be divided. */
  readonly length: number;
  readonly findings: Findings;
}

function follow(view: DivisionView, at: Tracked, user: Node, length: number, findings: Findings): void {
  if (user.inputs[0] !== at.name && !passing.has(user.op)) return;
  const out = user.outputs[0] ?? "";
  const place: Place = { view, at, user, shape: view.shape(at.name) ?? [], out, after: view.shape(out), length, findings };
  const known = followers.get(user.op);
  if (known) known(place);
  else if (passing.has(user.op)) followBroadcast(place);
}

const followers: ReadonlyMap<string, (place: Place) => void> = new Map([
  ["Transpose", followTranspose], ["Reshape", followReshape], ["Split", followSplit], ["Slice", followSlice], ["Gather", followGather], ["Squeeze", followUnit], ["Unsqueeze", followUnit],
]);

/** Elements picked of a leading factor take the axis apart into as many parts as that factor is long. */
function offerParts({ at, shape, length, findings }: Place): void {
  const parts = numberOf(shape[at.axis]);
  if (parts !== undefined && parts > 1 && length % parts === 0) findings.offer([length / parts]);
}

function followBroadcast({ at, shape, out, after, findings }: Place): void {
  if (after && after.length >= shape.length) findings.open.push({ ...at, name: out, axis: at.axis + after.length - shape.length });
}

function followTranspose({ at, user, shape, out, findings }: Place): void {
  const perm = user.attributes.get("perm");
  const to = perm?.kind === "ints" ? perm.value.indexOf(at.axis) : shape.length - 1 - at.axis;
  if (to >= 0) findings.open.push({ ...at, name: out, axis: to });
}

function followReshape({ at, shape, out, after, findings }: Place): void {
  const group = after && axisGroups(shape, after).find(({ before }) => before.from <= at.axis && at.axis < before.to);
  const isAlone = group && group.before.to - group.before.from === 1;
  if (!group || !isAlone) return;
  findings.open.push({ name: out, axis: group.after.from, isLeading: at.isLeading || group.after.to - group.after.from > 1 });
}

function followSplit(place: Place): void {
  const { view, at, user, shape, out, findings } = place;
  if (axisOf(user, shape.length) !== at.axis) {
    findings.open.push({ ...at, name: out });
    return;
  }
  if (at.isLeading) return offerParts(place);
  const sizes = user.outputs.map((name) => numberOf(view.shape(name)?.[at.axis]));
  if (sizes.every((size) => size !== undefined)) findings.offer(sizes);
}

function followGather(place: Place): void {
  if (axisOf(place.user, place.shape.length) === place.at.axis && place.at.isLeading) offerParts(place);
}

function followUnit({ view, at, user, shape, out, after, findings }: Place): void {
  const to = axisThrough(view, user, at.axis, shape.length, after?.length);
  if (to !== undefined) findings.open.push({ ...at, name: out, axis: to });
}

function followSlice(place: Place): void {
  const { view, at, user, shape, length, findings } = place;
  const axes = intsOf(view, user, "axes", 3) ?? shape.map((_, axis) => axis);
  const found = axes.findIndex((axis) => (axis < 0 ? axis + shape.length : axis) === at.axis);
  if (found < 0) return;
  if (at.isLeading) return offerParts(place);
  for (const bound of [intsOf(view, user, "starts", 1)?.[found], intsOf(view, user, "ends", 2)?.[found]]) {
    if (bound !== undefined) findings.bounds.add(Math.min(length, bound < 0 ? bound + length : bound));
  }
}

/** Where an axis goes when axes of length 1 come or go. */
function axisThrough(view: DivisionView, user: Node, axis: number, rank: number, rankAfter: number | undefined): number | undefined {
  const given = intsOf(view, user, "axes", 1);
  if (!given || rankAfter === undefined) return undefined;
  const isAdding = user.op === "Unsqueeze";
  const changed = new Set(given.map((own) => (own < 0 ? own + (isAdding ? rankAfter : rank) : own)));
  if (!isAdding) return changed.has(axis) ? undefined : axis - [...changed].filter((own) => own < axis).length;
  return Array.from({ length: rankAfter }, (_, own) => own).filter((own) => !changed.has(own))[axis];
}

function numberOf(dim: Dim | undefined): number | undefined {
  const constant = dim && constantOf(dim);
  return constant === undefined ? undefined : Number(constant);
}

function axisOf(node: Node, rank: number): number {
  const attribute = node.attributes.get("axis");
  const axis = attribute?.kind === "int" ? attribute.value : 0;
  return axis < 0 ? axis + rank : axis;
}

function intsOf(view: DivisionView, node: Node, name: string, input: number): readonly number[] | undefined {
  const attribute = node.attributes.get(name);
  if (attribute?.kind === "ints") return attribute.value;
  const elements = view.value(node.inputs[input] ?? "")?.elements.map(constantInt);
  return elements?.every((element) => element !== undefined) ? elements : undefined;
}
