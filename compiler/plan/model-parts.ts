/**
 * A cut model as the plan and the emitted program know it: which files run in which order, and where each tensor comes
 * from. Made by `compiler/shard`; file names are relative to the folder of `out.js`.
 */
import type { Dim } from "../../language/tensor/dim.ts";
import type { SegmentSpec, TensorOrigin } from "../../runtime/contract/program.ts";

export interface CutModel {
  readonly parts: readonly CutPart[];
}

export interface CutPart {
  readonly receives: readonly string[];
  readonly sends: readonly string[];
  /** By rank, by segment. */
  readonly ranks: readonly (readonly SegmentSpec[])[];
  readonly outputs: readonly { readonly value: string; readonly from: TensorOrigin }[];
  /** Of received tensors whose place of the batch is known. */
  readonly batchAxes: Readonly<Record<string, number | null>>;
  readonly nodes: number;
  /** The first and the last block that it holds a node of. */
  readonly firstBlock: string;
  readonly lastBlock: string;
  /** Of the heaviest rank. */
  readonly weightBytes: number;
  /** Of the tensors that it sends on, in `N` and the names of the declaration; undefined where one has no known size. */
  readonly sendBytes: Dim | undefined;
}

/** Whole models whose weights are to be shared, and cut models, by pipeline and lowered step. */
export type CutCalls = readonly ReadonlyMap<number, CutModel>[];
