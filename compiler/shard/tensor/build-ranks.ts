/**
 * Turns a layout into the models of every rank: nodes with the shares they work on, segments between exchanges, and
 * where each input of a segment comes from.
 *
 * Invariants
 *  - A value that is whole has its own name; a share or a part of a sum has the name of `shareName`, the same on all ranks.
 *  - segment(value) = the largest of its inputs', and one more where the ranks put a value together. It is the same on
 *    all ranks.
 *  - Sums add the ranks' parts in rank order; half precision is added in single.
 */
import type { TensorOrigin } from "../../../runtime/contract/program.ts";
import { constantInt } from "../../onnx/infer/scalar.ts";
import type { NodeDraft, TensorDraft } from "../../onnx/model-draft.ts";
import type { Node } from "../../onnx/model-graph.ts";
import type { Rope } from "../../onnx/rope.ts";
import { mayAnnotate, nodeAnnotation } from "./annotations.ts";
import type { Layout } from "./choose-layout.ts";
import { booleanTensor, castTo, integerTensor, intAttributeDraft, newNode } from "./helper-nodes.ts";
import type { PartGraph } from "./part-graph.ts";
import type { IntegerEdit, LocalEdit, ShardOption } from "./rule.ts";
import { findShardRule } from "./rule-registry.ts";
import { sliceWeight } from "./slice-weight.ts";
import { patternLength, replicated, sameState, shard, stateKey, stretches, type ShardState, type TensorState } from "./tensor-state.ts";

/** A node of one rank, and the segment it runs in. */
export interface PlacedNode {
  readonly draft: NodeDraft;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly segment: number;
}

export interface RankGraph {
  readonly placed: readonly PlacedNode[];
  /** Nodes that follow from weights alone, by each output: they stand in every segment that uses them. */
  readonly constants: ReadonlyMap<string, PlacedNode>;
  /** Initializers that the whole has not: slices and small constants. */
  readonly tensors: ReadonlyMap<string, TensorDraft>;
  /** By name: the segment a value is made in. */
  readonly madeIn: ReadonlyMap<string, number>;
  /** By port: the tensors of peers, with where they are made. */
  readonly peers: ReadonlyMap<string, TensorOrigin>;
  /** Values put together, with the segment that does. */
  readonly collected: ReadonlyMap<string, { readonly state: TensorState; readonly segment: number; readonly user: string }>;
  /** By name of a share or part: the value, and how it lies. */
  readonly shares: ReadonlyMap<string, { readonly value: string; readonly state: TensorState }>;
  /** Lists of integers that were computed anew, with their lengths. */
  readonly integerLists: ReadonlyMap<string, number>;
  /** By slice name: the weight and how it is divided. */
  readonly sliced: ReadonlyMap<string, { readonly weight: string; readonly state: ShardState }>;
}

export interface RankSettings {
  readonly part: PartGraph;
  readonly layout: Layout;
  readonly count: number;
  readonly rank: number;
  /** Names that the whole model has: those of shares must differ. */
  readonly taken: ReadonlySet<string>;
}

/** The name of a rank's share of a value. */
export function shareName(taken: ReadonlySet<string>, value: string, state: TensorState): string {
  let name = state.kind === "partialSum" ? `${value}.part` : `${value}.share.${stateKey(state)}`;
  while (taken.has(name)) name += "_";
  return name;
}

export function buildRank(settings: RankSettings): RankGraph {
  const builder = createBuilder(settings);
  for (const node of settings.part.nodes) builder.place(node);
  for (const name of settings.part.stage.outputs) builder.bring(name, replicated, "");
  return builder.graph;
}

interface Builder {
  readonly graph: RankGraph;
  place(node: Node): void;
  /** Makes sure a value is there in a state; gives the name it then has. */
  bring(name: string, state: TensorState, user: string): string;
}

interface Mutable {
  readonly placed: PlacedNode[];
  readonly constants: Map<string, PlacedNode>;
  readonly tensors: Map<string, TensorDraft>;
  readonly madeIn: Map<string, number>;
  readonly peers: Map<string, TensorOrigin>;
  readonly collected: Map<string, { readonly state: TensorState; readonly segment: number; readonly user: string }>;
  readonly sliced: Map<string, { readonly weight: string; readonly state: ShardState }>;
  readonly shares: Map<string, { readonly value: string; readonly state: TensorState }>;
  readonly integerLists: Map<string, number>;
}

function createBuilder(settings: RankSettings): Builder {
  const { part, layout } = settings;
  const graph: Mutable = { placed: [], constants: new Map(), tensors: new Map(), madeIn: new Map(), peers: new Map(), collected: new Map(), sliced: new Map(), shares: new Map(), integerLists: new Map() };
  for (const [value, state] of layout.states) graph.shares.set(shareName(settings.taken, value, state), { value, state });
  for (const node of part.constants) addConstant(graph, { draft: { kind: "copy", node }, inputs: node.inputs, outputs: node.outputs, segment: 0 });
  const bring = (name: string, state: TensorState, user: string): string => {
    if (name === "") return "";
    const own = layout.states.get(name) ?? replicated;
    if (part.isConstant(name)) return state.kind === "shard" ? constantShare(settings, graph, name, state) : name;
    if (sameState(own, state)) return own.kind === "replicated" ? name : shareName(settings.taken, name, own);
    if (own.kind !== "replicated" && !graph.madeIn.has(name)) collect(settings, graph, name, own, user);
    return state.kind === "shard" ? shareOfWhole(settings, graph, name, state) : name;
  };
  return { graph, bring, place: (node) => placeNode(settings, graph, node, bring) };
}

function addConstant(graph: Mutable, node: PlacedNode): void {
  for (const name of node.outputs) if (name !== "") graph.constants.set(name, node);
}

/** Places a node in the segment of its latest input. */
function put(graph: Mutable, draft: NodeDraft, inputs: readonly string[], outputs: readonly string[], after = 0): void {
  const segment = inputs.reduce((latest, name) => Math.max(latest, graph.madeIn.get(name) ?? 0), after);
  graph.placed.push({ draft, inputs, outputs, segment });
  for (const name of outputs) if (name !== "") graph.madeIn.set(name, segment);
}

function putNew(graph: Mutable, draft: Extract<NodeDraft, { kind: "new" }>, after = 0): void {
  put(graph, draft, draft.inputs, draft.outputs, after);
}

function placeNode(settings: RankSettings, graph: Mutable, node: Node, bring: Builder["bring"]): void {
  const option = settings.layout.options.get(node);
  const user = `${node.op}${node.name === "" ? "" : ` ${JSON.stringify(node.name)}`}${findShardRule(node.domain, node.op) ? "" : ", which has no sharding rule"}`;
  const names = node.inputs.map((name, i) => bring(name, option?.inputs[i] ?? replicated, user));
  for (const name of settings.part.index.usesOf(node)) if (!node.inputs.includes(name)) bring(name, replicated, user);
  if (!option) {
    put(graph, { kind: "copy", node }, settings.part.index.usesOf(node), node.outputs);
    return;
  }
  const outputs = node.outputs.map((name, i) => outputName(settings, name, option.outputs[i] ?? replicated));
  const latest = names.reduce((most, name) => Math.max(most, graph.madeIn.get(name) ?? 0), 0);
  placeEdited(settings, graph, { node, names, outputs, option, latest });
}

function outputName({ taken }: RankSettings, name: string, state: TensorState): string {
  return name === "" || state.kind === "replicated" ? name : shareName(taken, name, state);
}

interface Edited {
  readonly node: Node;
  readonly names: readonly string[];
  readonly outputs: readonly string[];
  readonly option: ShardOption;
  /** The segment that the node runs in on every rank. */
  readonly latest: number;
}

function placeEdited(settings: RankSettings, graph: Mutable, { node, names, outputs, option, latest }: Edited): void {
  const edit = option.edit ?? {};
  if (edit.othersPass !== undefined && settings.rank > 0) {
    putNew(graph, newNode("Identity", [names[edit.othersPass] ?? ""], outputs[0] ?? ""), latest);
    return;
  }
  const kept = names.map((name, i) => (settings.rank > 0 && edit.firstRankOnly?.includes(i) ? "" : name));
  while (kept.at(-1) === "" && node.inputs.at(-1) !== "") kept.pop();
  const inputs = kept.map((name, i) => editIntegers(settings, graph, name, node, i, edit));
  const lengthens = edit.lengthens?.includes(true) ? edit.lengthens : undefined;
  const [first = "", ...others] = outputs;
  const made = lengthens ? [`${first}.share`, ...others] : outputs;
  const fields = mayAnnotate(settings.part.index.model) ? { fields: annotate(settings, node, inputs, made, option) } : {};
  put(graph, { kind: "edit", node, inputs, outputs: made, ...(edit.attributes ? { attributes: edit.attributes } : {}), ...fields }, inputs, made, latest);
  if (!lengthens) return;
  const factors = constantIntegers(graph, lengthens.map((isShare) => (isShare ? settings.count : 1)));
  putNew(graph, newNode("Mul", [`${first}.share`, factors], first));
}

/** The standard's record of the shares a node works on. */
function annotate({ part, count }: RankSettings, node: Node, inputs: readonly string[], outputs: readonly string[], option: ShardOption): Rope {
  const tensor = (name: string, value: string | undefined, state: TensorState | undefined) => ({ name, state: state ?? replicated, shape: part.shape(value ?? "") });
  const tensors = [...inputs.map((name, i) => tensor(name, node.inputs[i], option.inputs[i])), ...outputs.map((name, i) => tensor(name, node.outputs[i], option.outputs[i]))];
  return nodeAnnotation(part.stage.index, count, tensors.filter(({ name }) => name !== ""));
}

/** A small constant, one for each list of values. */
function constantIntegers(graph: Mutable, values: readonly number[]): string {
  const name = `pipec.integers.${values.join("_")}`;
  graph.tensors.set(name, integerTensor(name, values));
  return name;
}

function constantBooleans(graph: Mutable, values: readonly boolean[]): string {
  const name = `pipec.booleans.${values.map(Number).join("_")}`;
  graph.tensors.set(name, booleanTensor(name, values));
  return name;
}

/** An integer input with the elements that differ for shares. Constants are never edited in place: others may use them. */
function editIntegers(settings: RankSettings, graph: Mutable, name: string, node: Node, i: number, edit: LocalEdit): string {
  const edits = edit.integers?.get(i);
  if (!edits || edits.every((own) => own === "keep")) return name;
  const elements = settings.part.index.inferred.values.get(node.inputs[i] ?? "")?.elements.map(constantInt);
  const values = edits.map((own, at): number | undefined => (typeof own === "number" ? own : own === "keep" ? elements?.[at] : undefined));
  const known = values.filter((value) => value !== undefined);
  const dtype = settings.part.index.inferred.types.get(node.inputs[i] ?? "");
  const isWide = dtype?.kind !== "tensor" || dtype.dtype === "i64";
  if (known.length === values.length && isWide) return constantIntegers(graph, known);
  return computedIntegers(settings, graph, name, edits);
}

function computedIntegers(settings: RankSettings, graph: Mutable, name: string, edits: readonly IntegerEdit[]): string {
  const key = `${name}.share.${edits.join("_")}`;
  if (graph.madeIn.has(key) || graph.constants.has(key)) return key;
  graph.integerLists.set(key, edits.length);
  const divided = edits.includes("divide") ? `${key}.divided` : name;
  const nodes = [
    ...(edits.includes("divide") ? [newNode("Div", [name, constantIntegers(graph, edits.map((own) => (own === "divide" ? settings.count : 1)))], divided)] : []),
    newNode("Where", [constantBooleans(graph, edits.map((own) => typeof own === "number")), constantIntegers(graph, edits.map((own) => (typeof own === "number" ? own : 0))), divided], key),
  ];
  for (const node of nodes) {
    if (settings.part.isConstant(name)) addConstant(graph, { draft: node, inputs: node.inputs, outputs: node.outputs, segment: 0 });
    else putNew(graph, node);
  }
  return key;
}

/** Puts a value together from the shares or parts of all ranks, one segment after they are made. */
function collect(settings: RankSettings, graph: Mutable, name: string, state: TensorState, user: string): void {
  const own = shareName(settings.taken, name, state);
  const made = graph.madeIn.get(own) ?? 0;
  const shares = Array.from({ length: settings.count }, (_, rank) => {
    if (rank === settings.rank) return own;
    const port = `${own}@${rank}`;
    graph.peers.set(port, { kind: "peer", rank, segment: made, port: own });
    return port;
  });
  graph.collected.set(name, { state, segment: made + 1, user });
  if (state.kind === "shard") joinShares(settings, graph, name, state, shares, made + 1);
  else addParts(settings, graph, name, shares, made + 1);
}

function addParts({ part }: RankSettings, graph: Mutable, name: string, shares: readonly string[], segment: number): void {
  const type = part.index.inferred.types.get(name);
  const dtype = type?.kind === "tensor" ? type.dtype : "undefined";
  const isHalf = dtype === "f16" || dtype === "bf16";
  const isFloat = isHalf || dtype === "f32" || dtype === "f64";
  if (!isFloat) {
    shares.slice(1).reduce((sum, share, i) => {
      const out = i === shares.length - 2 ? name : `${name}.sum${i}`;
      putNew(graph, newNode("Add", [sum, share], out), segment);
      return out;
    }, shares[0] ?? "");
    return;
  }
  const parts = shares.map((share) => {
    if (!isHalf) return share;
    putNew(graph, castTo("f32", share, `${share}.f32`), segment);
    return `${share}.f32`;
  });
  putNew(graph, newNode("Sum", parts, isHalf ? `${name}.f32` : name), segment);
  if (isHalf) putNew(graph, castTo(dtype, `${name}.f32`, name), segment);
}

/** Joins along the axis; where it was divided in several stretches, their parts are put in order. */
function joinShares(settings: RankSettings, graph: Mutable, name: string, state: ShardState, shares: readonly string[], segment: number): void {
  const runs = stretches(state.runs, settings.part.shape(name)?.[state.axis]);
  if (!runs) throw new Error(`verifyShards: the shares of ${JSON.stringify(name)} cannot be put together`);
  const attributes = { axis: intAttributeDraft(state.axis) };
  if (runs.length === 1) {
    putNew(graph, newNode("Concat", shares, name, attributes), segment);
    return;
  }
  putNew(graph, newNode("Concat", shares, `${name}.joined`, attributes), segment);
  const shareLength = runs.reduce((sum, run) => sum + run.length, 0) / settings.count;
  let before = 0;
  const order = runs.flatMap(({ length }) => {
    const own = length / settings.count;
    const places = Array.from({ length }, (_, i) => Math.floor(i / own) * shareLength + before + (i % own));
    before += own;
    return places;
  });
  const indices = `${name}.order`;
  graph.tensors.set(indices, integerTensor(indices, order));
  putNew(graph, newNode("Gather", [`${name}.joined`, indices], name, attributes), segment);
}

/** This rank's share of a value that it has whole. */
function shareOfWhole(settings: RankSettings, graph: Mutable, name: string, state: ShardState): string {
  const out = shareName(settings.taken, name, state);
  if (graph.madeIn.has(out)) return out;
  graph.shares.set(out, { value: name, state });
  for (const node of sliceNodes(settings, graph, name, state, out)) putNew(graph, node);
  return out;
}

function sliceNodes({ part, rank, count }: RankSettings, graph: Mutable, name: string, state: ShardState, out: string): readonly Extract<NodeDraft, { kind: "new" }>[] {
  const runs = stretches(state.runs, part.shape(name)?.[state.axis]);
  if (!runs) throw new Error(`verifyShards: ${JSON.stringify(name)} cannot be divided`);
  const [first] = runs;
  const opset = part.index.model.opsets.get("") ?? 1;
  if (runs.length === 1 && first && opset >= 10) {
    const share = first.length / count;
    const operands = [[rank * share], [(rank + 1) * share], [state.axis]].map((values) => constantIntegers(graph, values));
    return [newNode("Slice", [name, ...operands], out)];
  }
  const places = runs.flatMap(({ start, length }) => Array.from({ length: length / count }, (_, i) => start + (rank * length) / count + i));
  const indices = `${out}.places`;
  graph.tensors.set(indices, integerTensor(indices, places));
  return [newNode("Gather", [name, indices], out, { axis: intAttributeDraft(state.axis) })];
}

/**
 * This rank's share of a constant: a slice of the initializer, or of what the constant is computed from, or else cut
 * from the whole when the model is loaded.
 */
function constantShare(settings: RankSettings, graph: Mutable, name: string, state: ShardState): string {
  const out = shareName(settings.taken, name, state);
  if (graph.tensors.has(out) || graph.constants.has(out)) return out;
  const { part, rank, count } = settings;
  const tensor = part.tensor(name);
  const slice = tensor && sliceWeight(part.index.model, tensor, out, state, rank, count);
  if (slice) {
    graph.tensors.set(out, slice);
    graph.sliced.set(out, { weight: name, state });
    return out;
  }
  const node = part.index.producer.get(name);
  const before = node && stateBefore(part, node, state);
  if (node && before) {
    const inputs = node.inputs.map((input, i) => (input === "" ? "" : i === 0 ? constantShare(settings, graph, input, before) : input));
    addConstant(graph, { draft: { kind: "edit", node, inputs, outputs: [out] }, inputs, outputs: [out], segment: 0 });
    return out;
  }
  for (const own of sliceNodes(settings, graph, name, state, out)) addConstant(graph, { draft: own, inputs: own.inputs, outputs: own.outputs, segment: 0 });
  return out;
}

/** How the first input must be divided for the output of a node over constants to be; undefined for other operators. */
function stateBefore(part: PartGraph, node: Node, state: ShardState): ShardState | undefined {
  if (node.domain !== "" || node.outputs.length !== 1) return undefined;
  switch (node.op) {
    case "Identity": case "Cast":
      return state;
    case "Transpose": {
      const rank = part.shape(node.inputs[0] ?? "")?.length;
      const perm = node.attributes.get("perm");
      if (rank === undefined) return undefined;
      const axis = perm?.kind === "ints" ? perm.value[state.axis] : rank - 1 - state.axis;
      return axis === undefined ? undefined : shard(axis, state.runs);
    }
    case "DequantizeLinear": {
      // One scale for all: it stays as it is.
      const scale = part.shape(node.inputs[1] ?? "");
      return scale?.length === 0 && patternLength(state.runs) > 0 ? state : undefined;
    }
    default:
      return undefined;
  }
}
