/**
 * The nodes of one rank with the segments they run in, and what is known of its values: what a layout is turned into.
 *
 * Invariants
 *  - A value that is whole has its own name; a share or a part of a sum has the name of `shareName`, the same on all ranks.
 *  - A node runs in the segment of its latest input.
 */
import type { TensorOrigin } from "../../../runtime/contract/program.ts";
import type { NodeDraft, TensorDraft } from "../../onnx/model-draft.ts";
import type { Layout } from "./choose-layout.ts";
import { booleanTensor, integerTensor } from "./new-nodes.ts";
import type { PartGraph } from "./part-graph.ts";
import { stateKey } from "./tensor-state.ts";
import type { ShardState, TensorState } from "./tensor-state.ts";

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

/** The same while it is built. */
export interface GrowingGraph {
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

export function emptyGraph(): GrowingGraph {
  return { placed: [], constants: new Map(), tensors: new Map(), madeIn: new Map(), peers: new Map(), collected: new Map(), sliced: new Map(), shares: new Map(), integerLists: new Map() };
}

export function addConstant(graph: GrowingGraph, node: PlacedNode): void {
  for (const name of node.outputs) if (name !== "") graph.constants.set(name, node);
}

/** Places a node in the segment of its latest input. */
export function put(graph: GrowingGraph, draft: NodeDraft, inputs: readonly string[], outputs: readonly string[], after = 0): void {
  const segment = inputs.reduce((latest, name) => Math.max(latest, graph.madeIn.get(name) ?? 0), after);
  graph.placed.push({ draft, inputs, outputs, segment });
  for (const name of outputs) if (name !== "") graph.madeIn.set(name, segment);
}

export function putNew(graph: GrowingGraph, draft: Extract<NodeDraft, { kind: "new" }>, after = 0): void {
  put(graph, draft, draft.inputs, draft.outputs, after);
}

/** A small constant, one for each list of values. */
export function constantIntegers(graph: GrowingGraph, values: readonly number[]): string {
  const name = `pipec.integers.${values.join("_")}`;
  graph.tensors.set(name, integerTensor(name, values));
  return name;
}

export function constantBooleans(graph: GrowingGraph, values: readonly boolean[]): string {
  const name = `pipec.booleans.${values.map(Number).join("_")}`;
  graph.tensors.set(name, booleanTensor(name, values));
  return name;
}
