/** Sums in f64, rounded once to the operand's dtype. */
import type { AggregateKernel } from "../../../runtime/contract/kernel.ts";
import { reduceAxis } from "../../support/axis.ts";
import type { TensorOrScalar } from "../../support/axis.ts";
import { foldChildren } from "../../support/fold-children.ts";
import type { FoldState } from "../../support/fold-children.ts";

export function sum(args: { readonly x: TensorOrScalar; readonly axis: bigint | null }): TensorOrScalar {
  if (typeof args.x !== "object") return args.x;
  return reduceAxis(args.x, args.axis, args.x.dtype, (length, at) => {
    let total = 0;
    for (let step = 0; step < length; step++) total += at(step);
    return total;
  });
}

/** Elementwise over a parent's children; of none it is 0. */
export const sumAggregate: AggregateKernel<FoldState> = foldChildren(
  (value, total) => (typeof value === "bigint" && typeof total === "bigint" ? value + total : Number(value) + Number(total)),
  (total) => total,
  () => 0,
);
