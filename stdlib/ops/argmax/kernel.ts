/** Where the largest element stands; the first of equals, and the first NaN if there is one (as NumPy does). */
import { RowError } from "../../../runtime/contract/kernel.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { viewAxis } from "../../support/axis.ts";

export function argmax(args: { readonly x: Tensor; readonly axis: bigint }): Tensor | bigint {
  const view = viewAxis(args.x, args.axis);
  if (view.length === 0) throw new RowError("argmax of no elements has no place");
  const places = new BigInt64Array(view.outer * view.inner);
  for (let outer = 0; outer < view.outer; outer++) {
    for (let inner = 0; inner < view.inner; inner++) {
      places[outer * view.inner + inner] = BigInt(largestOf(args.x, outer * view.length * view.inner + inner, view.length, view.inner));
    }
  }
  if (args.x.shape.length === 1) return places[0];
  return { dtype: "i64", shape: args.x.shape.filter((_, index) => index !== view.axis), data: places };
}

function largestOf(tensor: Tensor, start: number, length: number, stride: number): number {
  let best = 0;
  for (let step = 1; step < length; step++) {
    const value = tensor.data[start + step * stride];
    const held = tensor.data[start + best * stride];
    if (value > held || (Number.isNaN(value) && !Number.isNaN(held))) best = step;
  }
  return best;
}
