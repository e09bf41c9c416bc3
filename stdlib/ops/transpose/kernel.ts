/** Axes permuted: axis i of the result is axis `axes[i]` of the operand. */
import { RowError } from "../../../runtime/contract/kernel.ts";
import { allocate, elementCount } from "../../../runtime/contract/tensor.ts";
import type { Tensor, TensorData } from "../../../runtime/contract/value.ts";

export function transpose(args: { readonly x: Tensor; readonly axes: readonly bigint[] | null }): Tensor {
  const rank = args.x.shape.length;
  const axes = args.axes === null ? args.x.shape.map((_, index) => rank - 1 - index) : args.axes.map(Number);
  if (axes.length !== rank || new Set(axes).size !== rank) throw new RowError(`transpose needs each of ${rank} axes once, got [${axes}]`);
  const strides = args.x.shape.map((_, axis) => elementCount(args.x.shape.slice(axis + 1)));
  const shape = axes.map((axis) => args.x.shape[axis]);
  const data = allocate(args.x.dtype, args.x.data.length);
  permute(args.x.data, data, shape, axes.map((axis) => strides[axis]));
  return { dtype: args.x.dtype, shape, data };
}

/** Copies in the result's order with an odometer, so that no index is computed by division. */
function permute(from: TensorData, to: TensorData, shape: readonly number[], strides: readonly number[]): void {
  const counters = shape.map(() => 0);
  let source = 0;
  for (let target = 0; target < from.length; target++) {
    to[target] = from[source];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      counters[axis]++;
      source += strides[axis];
      if (counters[axis] < shape[axis]) break;
      source -= strides[axis] * shape[axis];
      counters[axis] = 0;
    }
  }
}
