/**
 * A model cut into stages, each a model of its own or one that several ranks compute together, in segments.
 *
 * Invariants (`verifyShards` asserts them)
 *  - Values keep the names of the whole model. Stage k + 1 receives exactly what stage k sends.
 *  - What a stage is fed is among what it receives; what it sends it has received or makes. The last stage sends the
 *    outputs of the whole.
 *  - Initializers stand in the stages whose nodes use them and nowhere else; none is ever sent.
 *  - All ranks of a stage have the same number of segments. What a segment is fed is received by the stage, or made by an
 *    earlier segment of its own rank or of a peer.
 */
import type { TensorOrigin } from "../../runtime/contract/program.ts";
import type { ModelDraft } from "../onnx/model-draft.ts";
import type { ModelGraph, Node, TensorRef } from "../onnx/model-graph.ts";
import type { StageTensors } from "./tensor/stage-tensors.ts";

export interface ShardSet {
  readonly model: ModelGraph;
  /** Names of the inputs that a caller feeds, in order. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly stages: readonly ShardStage[];
}

export interface ShardStage {
  /** From 0. */
  readonly index: number;
  /** Producers first. */
  readonly nodes: readonly Node[];
  /** Those of them that an earlier stage, or the stage they belong to, may compute too. */
  readonly clones: readonly Node[];
  /** Values that arrive: from the caller at the first stage, else from the stage before. */
  readonly receives: readonly string[];
  /** Values the model is fed, with their first origin. */
  readonly inputs: readonly ShardInput[];
  /** Values the model makes. */
  readonly outputs: readonly string[];
  /** Values that leave: to the next stage, or to the caller. Those that were received are forwarded as they are. */
  readonly sends: readonly string[];
  /** Weights of the stage, in file order. */
  readonly initializers: readonly TensorRef[];
  readonly weightBytes: number;
  /** The stage as one model. */
  readonly draft: ModelDraft;
  /** One rank of one segment, the draft, where tensors are whole; else as many ranks as share the work. */
  readonly ranks: readonly ShardRank[];
  /** Where each value of `sends` comes from, as the first rank sees it. */
  readonly leaves: readonly { readonly value: string; readonly from: TensorOrigin }[];
  /** How tensors lie across the ranks; absent for one rank. */
  readonly tensors?: StageTensors;
}

export interface ShardRank {
  readonly segments: readonly ShardSegment[];
}

/** What one rank computes between two exchanges with the others: a model of its own. */
export interface ShardSegment {
  readonly inputs: readonly { readonly port: string; readonly from: TensorOrigin }[];
  readonly outputs: readonly string[];
  /** Nodes in the model, those included that take tensors apart or put them together. */
  readonly nodes: number;
  readonly weightBytes: number;
  readonly draft: ModelDraft;
}

export interface ShardInput {
  readonly name: string;
  /** Where the value that arrives was made: by the caller, or by the stage of that index. */
  readonly from: { readonly kind: "caller" } | { readonly kind: "stage"; readonly stage: number };
}

/** Where to cut: the k-th set holds the nodes of the first k + 1 stages. Constants need not be in any. */
export type Cuts = readonly ReadonlySet<Node>[];
