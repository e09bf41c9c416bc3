/** The smallest element. NaN wins over every number, so that it is not lost in silence. */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { AggregateKernel } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { pickAlongAxis } from "../../support/pick-along-axis.ts";
import type { TensorOrScalar } from "../../support/axis.ts";
import { foldChildren } from "../../support/fold-children.ts";
import type { FoldState } from "../../support/fold-children.ts";

export function min(args: { readonly x: TensorOrScalar; readonly axis: bigint | null }): TensorOrScalar {
  if (typeof args.x !== "object") return args.x;
  return pickAlongAxis(args.x, args.axis, isBetter, "min");
}

function isBetter(value: number | bigint, best: number | bigint): boolean {
  return value < best || (Number.isNaN(value) && !Number.isNaN(best));
}

/** Elementwise over a parent's children; no children is a row error, because there is no smallest of nothing. */
export const minAggregate: AggregateKernel<FoldState> = foldChildren((value, best) => (isBetter(value, best) ? value : best), (total) => total, () => {
  throw new RowError("min of no children has no value: all children of the row were left out, or it had none");
});

export type { Tensor };
