/** Counts a parent's children. */
import type { AggregateKernel } from "../../../runtime/contract/kernel.ts";

export const countAggregate: AggregateKernel<bigint> = {
  start: () => 0n,
  step: (count) => count + 1n,
  finish: (count) => count,
};
