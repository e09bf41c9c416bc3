/** Means in f64, rounded once to the operand's dtype. Of no elements it is a row error. */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { AggregateKernel } from "../../../runtime/contract/kernel.ts";
import { reduceAxis } from "../../support/axis.ts";
import type { TensorOrScalar } from "../../support/axis.ts";
import { foldChildren } from "../../support/fold-children.ts";
import type { FoldState } from "../../support/fold-children.ts";

export function mean(args: { readonly x: TensorOrScalar; readonly axis: bigint | null }): TensorOrScalar {
  if (typeof args.x !== "object") return args.x;
  return reduceAxis(args.x, args.axis, args.x.dtype, (length, at) => {
    if (length === 0) throw new RowError("mean of no elements has no value");
    let total = 0;
    for (let step = 0; step < length; step++) total += at(step);
    return total / length;
  });
}

/** Elementwise over a parent's children. */
export const meanAggregate: AggregateKernel<FoldState> = foldChildren(
  (value, total) => Number(value) + Number(total),
  (total, children) => Number(total) / children,
  () => {
    throw new RowError("mean of no children has no value: all children of the row were left out, or it had none");
  },
);
