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

function follow(view: DivisionView, at: Tracked, user: Node, length: number, findings: Findings): void {
  const shape = view.shape(at.name) ?? [];
  const out = user.outputs[0] ?? "";
  const after = view.shape(out);
  if (user.inputs[0] !== at.name && !passing.has(user.op)) return;
  const fallsApart = (parts: number | undefined): void => {
    if (parts !== undefined && parts > 1 && length % parts === 0) findings.offer([length / parts]);
  };
  switch (user.op) {
    case "Transpose": {
      const perm = user.attributes.get("perm");
      const to = perm?.kind === "ints" ? perm.value.indexOf(at.axis) : shape.length - 1 - at.axis;
      if (to >= 0) findings.open.push({ ...at, name: out, axis: to });
      return;
    }
    case "Reshape": {
      const group = after && axisGroups(shape, after).find(({ before }) => before.from <= at.axis && at.axis < before.to);
      const isAlone = group && group.before.to - group.before.from === 1;
      if (!group || !isAlone) return;
      findings.open.push({ name: out, axis: group.after.from, isLeading: at.isLeading || group.after.to - group.after.from > 1 });
      return;
    }
    case "Split": {
      if (axisOf(user, shape.length) !== at.axis) {
        findings.open.push({ ...at, name: out });
        return;
      }
      const sizes = user.outputs.map((name) => numberOf(view.shape(name)?.[at.axis]));
      if (at.isLeading) return fallsApart(numberOf(shape[at.axis]));
      if (sizes.every((size) => size !== undefined)) findings.offer(sizes);
      return;
    }
    case "Gather":
      if (axisOf(user, shape.length) === at.axis) return at.isLeading ? fallsApart(numberOf(shape[at.axis])) : undefined;
      return;
    case "Squeeze": case "Unsqueeze": {
      const to = axisThrough(view, user, at.axis, shape.length, after?.length);
      if (to !== undefined) findings.open.push({ ...at, name: out, axis: to });
      return;
    }
    case "Slice": {
      const axes = intsOf(view, user, "axes", 3) ?? shape.map((_, axis) => axis);
      const place = axes.findIndex((axis) => (axis < 0 ? axis + shape.length : axis) === at.axis);
      if (place < 0) return;
      if (at.isLeading) return fallsApart(numberOf(shape[at.axis]));
      for (const bound of [intsOf(view, user, "starts", 1)?.[place], intsOf(view, user, "ends", 2)?.[place]]) {
        if (bound !== undefined) findings.bounds.add(Math.min(length, bound < 0 ? bound + length : bound));
      }
      return;
    }
    default:
      if (passing.has(user.op) && after && after.length >= shape.length) findings.open.push({ ...at, name: out, axis: at.axis + after.length - shape.length });
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
