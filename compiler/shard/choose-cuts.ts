/**
 * Where to cut a model into a number of stages: between its blocks, so that the heaviest stage is as light as it can be;
 * between single nodes only where there are too few blocks. Deterministic.
 *
 * A node weighs its share of the arithmetic plus its share of the weights, as the planner's choice of places does.
 */
import { evaluateDim, freeNames } from "../../language/tensor/evaluate-dim.ts";
import type { Dim } from "../../language/tensor/dim.ts";
import { computeCost } from "../onnx/cost/model-cost.ts";
import type { InferredGraph } from "../onnx/infer/infer-shapes.ts";
import type { ModelGraph, Node } from "../onnx/model-graph.ts";
import { findStructure } from "../onnx/structure.ts";
import { indexGraph, type GraphIndex } from "./graph-index.ts";
import type { Cuts } from "./shard-set.ts";

/** A cut for every boundary between blocks, in order: the nodes of the blocks so far and all they need. */
export function blockCuts(model: ModelGraph, inferred: InferredGraph): Cuts {
  const index = indexGraph(model, inferred);
  const groups = blockGroups(index);
  return findPlaces(index, groups).map((place) => cutAt(index, groups, place));
}

/** The largest number of stages a model can be cut into. */
export function stagesMax(model: ModelGraph, inferred: InferredGraph): number {
  const index = indexGraph(model, inferred);
  return Math.max(1, nodesToPlace(index).length);
}

/** Cuts for `stages` stages; undefined if the model has fewer parts. */
export function chooseCuts(model: ModelGraph, inferred: InferredGraph, stages: number): Cuts | undefined {
  const index = indexGraph(model, inferred);
  const byBlock = blockGroups(index);
  const blockPlaces = findPlaces(index, byBlock);
  const hasEnough = blockPlaces.length >= stages - 1;
  const groups = hasEnough ? byBlock : nodesToPlace(index).map((node) => [node]);
  const places = hasEnough ? blockPlaces : findPlaces(index, groups);
  if (places.length < stages - 1) return undefined;
  const weightOf = nodeWeights(index);
  const weights = weightsBefore(index, groups, places, weightOf);
  return bestPlaces([...weights, sum([...weightOf.values()])], stages).flatMap((at) => {
    const place = places[at];
    return place === undefined ? [] : [cutAt(index, groups, place)];
  });
}

/** The cut after some nodes or values: these, what they need, and everything of the cuts before. Undefined for an unknown name. */
export function cutAfter(model: ModelGraph, inferred: InferredGraph, names: readonly string[], before: ReadonlySet<Node>): ReadonlySet<Node> | { readonly unknown: string } {
  const index = indexGraph(model, inferred);
  const nodes: Node[] = [];
  for (const name of names) {
    const node = model.graph.nodes.find((candidate) => candidate.name === name) ?? index.producer.get(name);
    if (!node || name === "") return { unknown: name };
    nodes.push(node);
  }
  return closure(index, [...before, ...nodes]);
}

/** Nodes that a stage may consist of, producers first. */
function nodesToPlace(index: GraphIndex): readonly Node[] {
  const pinned = index.order.filter((node) => index.kindOf.get(node) === "pinned");
  return pinned.length > 0 ? pinned : index.order.filter((node) => index.kindOf.get(node) !== "constant");
}

/** Nodes that are placed together, in order. */
type Groups = readonly (readonly Node[])[];

function blockGroups(index: GraphIndex): Groups {
  const { blockOf } = findStructure(index.model.graph);
  const members = new Map<string, Node[]>();
  for (const node of nodesToPlace(index)) {
    const block = blockOf.get(node) ?? "";
    const group = members.get(block);
    if (group) group.push(node);
    else members.set(block, [node]);
  }
  return [...members.values()];
}

/** The cut at a place: after that many groups. */
function cutAt(index: GraphIndex, groups: Groups, place: number): ReadonlySet<Node> {
  return closure(index, groups.slice(0, place).flat());
}

/** After how many groups there may be a cut: each adds nodes to place, and leaves some. */
function findPlaces(index: GraphIndex, groups: Groups): readonly number[] {
  const toPlace = new Set(groups.flat());
  const held = new Set<Node>();
  const places: number[] = [];
  let count = 0;
  groups.forEach((group, at) => {
    const grown = count + addClosure(index, group, held).filter((node) => toPlace.has(node)).length;
    if (grown > count && grown < toPlace.size) places.push(at + 1);
    count = grown;
  });
  return places;
}

/** By place: the weight of everything a cut there holds. */
function weightsBefore(index: GraphIndex, groups: Groups, places: readonly number[], weightOf: ReadonlyMap<Node, number>): readonly number[] {
  const held = new Set<Node>();
  let weight = 0;
  const after = groups.map((group) => (weight += sum(addClosure(index, group, held).map((node) => weightOf.get(node) ?? 0))));
  return places.map((place) => after[place - 1] ?? 0);
}

/** The nodes and all they need, constants left out. */
function closure(index: GraphIndex, nodes: readonly Node[]): ReadonlySet<Node> {
  const held = new Set<Node>();
  addClosure(index, nodes, held);
  return held;
}

/** Adds the nodes and all they need; gives those that are new. */
function addClosure(index: GraphIndex, nodes: readonly Node[], held: Set<Node>): readonly Node[] {
  const added: Node[] = [];
  const open = [...nodes];
  for (let node = open.pop(); node; node = open.pop()) {
    if (held.has(node)) continue;
    held.add(node);
    added.push(node);
    for (const { node: from } of index.producersOf(node)) open.push(from);
  }
  return added;
}

/** What symbolic dimensions count as. */
const nominalDim = 32;

function nodeWeights(index: GraphIndex): ReadonlyMap<Node, number> {
  const cost = computeCost(index.model, index.inferred);
  const flops = new Map(cost.nodes.map((own) => [own.node, evaluateNominal(own.flops)]));
  const seen = new Set<string>();
  const bytes = new Map(cost.nodes.filter(({ kind }) => kind !== "constant").map((own) => {
    const fresh = own.weights.filter((name) => !seen.has(name));
    fresh.forEach((name) => seen.add(name));
    return [own.node, sum(fresh.map((name) => cost.weightBytes.get(name) ?? 0))] as const;
  }));
  const flopsAll = Math.max(1, sum([...flops.values()]));
  const bytesAll = Math.max(1, sum([...bytes.values()]));
  const placed = index.order.filter((node) => index.kindOf.get(node) !== "constant");
  return new Map(placed.map((node) => [node, (flops.get(node) ?? 0) / flopsAll + (bytes.get(node) ?? 0) / bytesAll]));
}

function evaluateNominal(dim: Dim): number {
  return Math.max(0, evaluateDim(dim, new Map([...freeNames(dim)].map((name) => [name, nominalDim]))) ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * Which places part the whole into `stages` runs of least maximum weight; of equal ones, the earliest. `cumulative[i]` is
 * the weight before place i, and the last entry that of everything.
 */
function bestPlaces(cumulative: readonly number[], stages: number): readonly number[] {
  const places = cumulative.length - 1;
  if (stages === 1) return [];
  /** By last place: the heaviest stage so far. And for each number of stages, the place before. */
  let heaviest = cumulative.slice(0, places);
  const before: Int32Array[] = [];
  for (let stage = 2; stage <= stages; stage++) {
    const from = new Int32Array(places + 1);
    const next = new Array<number>(places + 1).fill(Infinity);
    for (let end = stage === stages ? places : stage - 1; end <= places; end++) {
      for (let at = stage - 2; at < end; at++) {
        const candidate = Math.max(heaviest[at] ?? Infinity, (cumulative[end] ?? 0) - (cumulative[at] ?? 0));
        if (candidate >= (next[end] ?? Infinity)) continue;
        next[end] = candidate;
        from[end] = at;
      }
    }
    before.push(from);
    heaviest = next;
  }
  const found: number[] = [];
  let end = places;
  for (const from of before.reverse()) {
    end = from[end] ?? 0;
    found.unshift(end);
  }
  return found;
}
