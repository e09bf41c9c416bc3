/**
 * The work of one model in numbers: what each node computes, reads and writes at every batch size and row length that
 * the planner may look at. Made from an ONNX model (work-of-model.ts) or by a test.
 *
 * Invariants
 *  - `nodes` stand in an order in which they may run; constants are not among them, views are (they cost nothing).
 *  - Figures are for a whole batch. `flops[p]`, `bytes[p]`, … belong to `points[p]`; batches ascend, buckets within them.
 */
export interface ModelWork {
  readonly name: string;
  readonly points: readonly WorkPoint[];
  readonly nodes: readonly WorkNode[];
  readonly values: readonly WorkValue[];
  readonly weights: readonly WorkWeight[];
  /** What had to be taken for granted, in words. */
  readonly assumes: readonly string[];
}

/** A batch size and a row length at which work is given. */
export interface WorkPoint {
  readonly batch: number;
  /** The share of rows of this length; the shares of one batch size add up to 1. */
  readonly share: number;
}

/** Which peak rate a node's arithmetic is held to. */
export type RateName = "f32" | "tf32" | "f16" | "bf16" | "f8" | "i8";

export interface WorkNode {
  readonly name: string;
  readonly op: string;
  /** The part of the model it belongs to, as people call it: "encoder.layer.3". */
  readonly block: string;
  readonly rate: RateName;
  readonly flops: readonly number[];
  /** Read and written, weights included. */
  readonly bytes: readonly number[];
  /** Kernel launches; 0 for a view. */
  readonly kernels: number;
  /** Indices of weights. */
  readonly weights: readonly number[];
  /** Indices of values that are not constant. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Bytes of live buffers and workspace while it runs. */
  readonly liveBytes: readonly number[];
}

/** A tensor that is computed or given per batch. */
export interface WorkValue {
  readonly name: string;
  /** Index of the node that makes it; -1 for an input of the model. */
  readonly from: number;
  /** Index of the last node that uses it; the number of nodes for an output of the model. */
  readonly lastUse: number;
  readonly bytes: readonly number[];
  /** Follows from shapes alone, so that every stage computes it for itself instead of receiving it. */
  readonly cloned: boolean;
}

export interface WorkWeight {
  readonly name: string;
  readonly bytes: number;
}

/** The indices of the points of one batch size. */
export function pointsOfBatch(work: ModelWork, batch: number): readonly number[] {
  return work.points.flatMap((point, index) => (point.batch === batch ? [index] : []));
}

/** Bytes of all weights, each once. */
export function weightBytesOf(work: ModelWork): number {
  return work.weights.reduce((sum, weight) => sum + weight.bytes, 0);
}
