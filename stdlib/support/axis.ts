/**
 * Walking a tensor along one axis. A tensor seen from an axis is `outer` runs of `length` steps that lie
 * `inner` elements apart.
 */
import { allocate, elementCount, readElement, writeElement } from "../../runtime/contract/tensor.ts";
import { RowError } from "../../runtime/contract/kernel.ts";
import { roundFloat } from "../../runtime/contract/cast.ts";
import type { Dtype, Tensor } from "../../runtime/contract/value.ts";

/** A scalar is a number, bigint or boolean: rows carry rank-0 tensors so. */
export type TensorOrScalar = Tensor | number | bigint | boolean;

export interface AxisView {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  /** `axis` counted from the front. */
  readonly axis: number;
}

export function viewAxis(tensor: Tensor, axis: number | bigint): AxisView {
  const rank = tensor.shape.length;
  const place = Number(axis) < 0 ? Number(axis) + rank : Number(axis);
  if (place < 0 || place >= rank) throw new RowError(`axis ${axis} is outside a tensor of rank ${rank}`);
  return {
    outer: elementCount(tensor.shape.slice(0, place)),
    length: tensor.shape[place],
    inner: elementCount(tensor.shape.slice(place + 1)),
    axis: place,
  };
}

/** All elements as one axis. */
export function viewAll(tensor: Tensor): AxisView {
  return { outer: 1, length: tensor.data.length, inner: 1, axis: 0 };
}

/** Elements as f64, whatever the dtype (i64 beyond 2^53 loses its last bits). */
export function toNumbers(tensor: Tensor): Float64Array {
  if (tensor.data instanceof Float32Array || tensor.data instanceof Float64Array) return new Float64Array(tensor.data);
  const numbers = new Float64Array(tensor.data.length);
  for (let index = 0; index < numbers.length; index++) numbers[index] = Number(readElement(tensor, index));
  return numbers;
}

/** A float tensor from f64 results, each rounded once. */
export function fromNumbers(dtype: Dtype, shape: readonly number[], numbers: Float64Array): Tensor {
  if (dtype === "f64") return { dtype, shape, data: numbers };
  if (dtype === "f32") return { dtype, shape, data: new Float32Array(numbers) };
  const data = allocate(dtype, numbers.length);
  for (let index = 0; index < numbers.length; index++) writeElement(dtype, data, index, numbers[index]);
  return { dtype, shape, data };
}

/**
 * Folds an axis (or, with `axis` null, everything) with `fold`, which sees the f64 elements of one run by
 * `at(step)`. A full fold gives a scalar.
 */
export function reduceAxis(
  tensor: Tensor,
  axis: number | bigint | null,
  dtype: Dtype,
  fold: (length: number, at: (step: number) => number) => number,
): Tensor | number {
  const numbers = toNumbers(tensor);
  if (axis === null) return roundFloat(fold(numbers.length, (step) => numbers[step]), dtype);
  const view = viewAxis(tensor, axis);
  const result = new Float64Array(view.outer * view.inner);
  for (let outer = 0; outer < view.outer; outer++) {
    for (let inner = 0; inner < view.inner; inner++) {
      const start = outer * view.length * view.inner + inner;
      result[outer * view.inner + inner] = fold(view.length, (step) => numbers[start + step * view.inner]);
    }
  }
  const shape = tensor.shape.filter((_, index) => index !== view.axis);
  if (shape.length === 0) return roundFloat(result[0], dtype);
  return fromNumbers(dtype, shape, result);
}
