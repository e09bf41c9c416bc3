/** Taking parts of values: `x[i]`, and the checks that `as tensor<…>[…]` asks for. */
import { RowError } from "./kernel.ts";
import { elementCount, readElement } from "./tensor.ts";
import type { Scalar } from "./tensor.ts";
import type { Tensor, Value } from "./value.ts";

/**
 * Indices drop leading axes: a [3, 4] tensor at (1) has shape [4], at (1, 2) is a scalar. The rest shares the
 * tensor's memory. Outside the axis is a row error; negative indices count from the end.
 */
export function tensorAt(tensor: Tensor, ...indices: readonly (number | bigint)[]): Tensor | Scalar {
  let offset = 0;
  let size = elementCount(tensor.shape);
  indices.forEach((raw, axis) => {
    const length = tensor.shape[axis];
    const index = position(Number(raw), length, `axis ${axis} of a tensor of shape [${tensor.shape}]`);
    size = size / length;
    offset += index * size;
  });
  if (indices.length === tensor.shape.length) return readElement(tensor, offset);
  const data = Array.isArray(tensor.data) ? tensor.data.slice(offset, offset + size) : subarray(tensor, offset, size);
  return { dtype: tensor.dtype, shape: tensor.shape.slice(indices.length), data };
}

/** An element of a list; negative indices count from the end. */
export function listAt<T extends Value>(list: readonly T[], index: number | bigint): T {
  return list[position(Number(index), list.length, `a list of ${list.length}`)];
}

function subarray(tensor: Tensor, offset: number, size: number): Tensor["data"] {
  return "subarray" in tensor.data ? tensor.data.subarray(offset, offset + size) : tensor.data.slice(offset, offset + size);
}

function position(index: number, length: number, of: string): number {
  const place = index < 0 ? index + length : index;
  if (!Number.isInteger(index) || place < 0 || place >= length) throw new RowError(`index ${index} is outside ${of}`);
  return place;
}

/** The tensor itself if its shape is as wanted (null: any size); else a row error. `what` names it in the message. */
export function checkShape(tensor: Tensor, shape: readonly (number | null)[], what: string): Tensor {
  const fits = tensor.shape.length === shape.length && shape.every((size, axis) => size === null || size === tensor.shape[axis]);
  if (!fits) throw new RowError(`${what} has shape [${tensor.shape}], expected [${shape.map((size) => size ?? "_").join(", ")}]`);
  return tensor;
}
