/**
 * Tensors of f32 whose elements are made when somebody wants them. What carries rows on has them made right where they
 * go; for everybody else they are tensors like others: `data` is made at the first look, and stays.
 */
import { elementCount } from "./tensor.ts";
import type { Tensor, TensorData } from "./value.ts";

/** Writes all elements. Gives the same however often it is called, so nothing it reads may change. */
export type FillTensor = (target: Float32Array) => void;

const fills = new WeakMap<Tensor, FillTensor>();

export function deferTensor(shape: readonly number[], fill: FillTensor): Tensor {
  const tensor: Tensor = {
    dtype: "f32",
    shape,
    get data() {
      const data = new Float32Array(elementCount(shape));
      fill(data);
      fills.delete(tensor);
      // From here on a plain property.
      Object.defineProperty(tensor, "data", { value: data, enumerable: true });
      return data;
    },
  };
  fills.set(tensor, fill);
  return tensor;
}

/** Whether the elements have not been made yet. */
export function isDeferred(tensor: Tensor): boolean {
  return fills.has(tensor);
}

/** The number of elements, which need not be there. */
export function lengthOf(tensor: Tensor): number {
  return isDeferred(tensor) ? elementCount(tensor.shape) : tensor.data.length;
}

/** Writes the elements to `target`, if they have not been made yet. */
export function fillDeferred(tensor: Tensor, target: TensorData): boolean {
  const fill = fills.get(tensor);
  if (fill === undefined || !(target instanceof Float32Array)) return false;
  fill(target);
  return true;
}
