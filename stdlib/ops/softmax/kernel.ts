/**
 * Softmax with the largest element subtracted first, so that no exponential overflows. Computed in f64, rounded
 * once. A run of only -infinity gives NaN, as the formula does.
 */
import { fromNumbers, toNumbers, viewAxis } from "../../support/axis.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";

export function softmax(args: { readonly x: Tensor; readonly axis: bigint }): Tensor {
  const numbers = toNumbers(args.x);
  const view = viewAxis(args.x, args.axis);
  for (let outer = 0; outer < view.outer; outer++) {
    for (let inner = 0; inner < view.inner; inner++) normalizeRun(numbers, outer * view.length * view.inner + inner, view.length, view.inner);
  }
  return fromNumbers(args.x.dtype, args.x.shape, numbers);
}

function normalizeRun(numbers: Float64Array, start: number, length: number, stride: number): void {
  let largest = -Infinity;
  for (let step = 0; step < length; step++) largest = Math.max(largest, numbers[start + step * stride]);
  let sum = 0;
  for (let step = 0; step < length; step++) sum += numbers[start + step * stride] = Math.exp(numbers[start + step * stride] - largest);
  for (let step = 0; step < length; step++) numbers[start + step * stride] /= sum;
}
