/**
 * How a tensor lies across the ranks of a stage.
 *
 *  - replicated: every rank has all of it.
 *  - partialSum: every rank has a tensor of the full shape; their sum is the value.
 *  - shard: one axis is divided. The axis is an ordered list of factors, and the divided one may lie inside: `runs` are
 *    the lengths of consecutive stretches of the axis, repeated until its end, each divided evenly and in rank order.
 *    `[768]` on an axis of 768 is a plain division; `[768]` on a fused axis of 3 * 768 divides queries, keys and values
 *    each; `[H]` on a merged axis of batch * H divides the heads of every sample; `[2048, 512, 512]` divides the three
 *    unequal parts of a grouped-query projection.
 *
 * Invariants: every run is a multiple of the number of ranks; runs that are all equal are written as one.
 */
import { constantOf, dimOf, divideDims, type Dim } from "../../../language/tensor/dim.ts";

export type TensorState =
  | { readonly kind: "replicated" }
  | { readonly kind: "partialSum" }
  | { readonly kind: "shard"; readonly axis: number; readonly runs: readonly number[] };

export type ShardState = Extract<TensorState, { kind: "shard" }>;

export const replicated: TensorState = { kind: "replicated" };
export const partialSum: TensorState = { kind: "partialSum" };

/** A division of an axis, in normal form. */
export function shard(axis: number, runs: readonly number[]): ShardState {
  const [first] = runs;
  return { kind: "shard", axis, runs: first !== undefined && runs.every((run) => run === first) ? [first] : runs };
}

/** The same text for the same state. */
export function stateKey(state: TensorState): string {
  switch (state.kind) {
    case "replicated": return "R";
    case "partialSum": return "P";
    case "shard": return `S${state.axis}:${state.runs.join("+")}`;
  }
}

export function sameState(a: TensorState, b: TensorState): boolean {
  return stateKey(a) === stateKey(b);
}

/** The length of a pattern of runs. */
export function patternLength(runs: readonly number[]): number {
  return runs.reduce((sum, run) => sum + run, 0);
}

/** Whether runs divide an axis of this length among `count` ranks. */
export function dividesAxis(runs: readonly number[], length: Dim | undefined, count: number): boolean {
  const pattern = patternLength(runs);
  if (!length || pattern === 0 || runs.some((run) => run <= 0 || run % count !== 0)) return false;
  return divideDims(length, dimOf(pattern)) !== undefined;
}

/** The shape that each rank has of a tensor. */
export function localShape(shape: readonly Dim[], state: TensorState, count: number): readonly Dim[] {
  if (state.kind !== "shard") return shape;
  return shape.map((dim, axis) => {
    if (axis !== state.axis) return dim;
    const share = divideDims(dim, dimOf(count));
    if (!share) throw new Error(`verifyShards: axis ${axis} is divided among ${count} ranks and cannot be`);
    return share;
  });
}

/** All stretches of an axis of constant length: where each begins, and how long it is. Undefined for other axes. */
export function stretches(runs: readonly number[], length: Dim | undefined): readonly { readonly start: number; readonly length: number }[] | undefined {
  const constant = length && constantOf(length);
  if (constant === undefined) return undefined;
  const found: { start: number; length: number }[] = [];
  for (let start = 0, at = 0; start < Number(constant); at++) {
    const run = runs[at % runs.length] ?? 0;
    if (run <= 0) return undefined;
    found.push({ start, length: run });
    start += run;
  }
  return found;
}
