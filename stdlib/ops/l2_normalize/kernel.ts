/** x / max(|x|, epsilon) along an axis, in f64 and rounded once: a vector of zeros stays zeros. */
import type { Tensor } from "../../../runtime/contract/value.ts";
import { fromNumbers, toNumbers, viewAxis } from "../../support/axis.ts";

export function l2Normalize(args: { readonly x: Tensor; readonly axis: bigint; readonly epsilon: number }): Tensor {
  const numbers = toNumbers(args.x);
  const view = viewAxis(args.x, args.axis);
  for (let outer = 0; outer < view.outer; outer++) {
    for (let inner = 0; inner < view.inner; inner++) {
      const start = outer * view.length * view.inner + inner;
      let squares = 0;
      for (let step = 0; step < view.length; step++) squares += numbers[start + step * view.inner] ** 2;
      const norm = Math.max(Math.sqrt(squares), args.epsilon);
      for (let step = 0; step < view.length; step++) numbers[start + step * view.inner] /= norm;
    }
  }
  return fromNumbers(args.x.dtype, args.x.shape, numbers);
}
