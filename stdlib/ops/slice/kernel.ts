/** `length` elements along `axis` from `start` on; past the end is a row error. */
import { RowError } from "../../../runtime/contract/kernel.ts";
import { allocate } from "../../../runtime/contract/tensor.ts";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { viewAxis } from "../../support/axis.ts";

export function slice(args: { readonly x: Tensor; readonly axis: bigint; readonly start: bigint; readonly length: bigint }): Tensor {
  const view = viewAxis(args.x, args.axis);
  const start = Number(args.start);
  const length = Number(args.length);
  if (start < 0 || length < 0 || start + length > view.length) {
    throw new RowError(`slice of ${length} from ${start} is outside an axis of ${view.length}`);
  }
  const data = allocate(args.x.dtype, view.outer * length * view.inner);
  let target = 0;
  for (let outer = 0; outer < view.outer; outer++) {
    const from = (outer * view.length + start) * view.inner;
    for (let element = 0; element < length * view.inner; element++) data[target++] = args.x.data[from + element];
  }
  return { dtype: args.x.dtype, shape: args.x.shape.map((size, axis) => (axis === view.axis ? length : size)), data };
}
