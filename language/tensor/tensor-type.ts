/** The type of a tensor: element type and shape. */
import { mulDims, dimOf, productOfDims } from "./dim.ts";
import type { Dim } from "./dim.ts";
import { bytesOfDtype } from "./dtype.ts";
import type { Dtype } from "./dtype.ts";
import { printShape } from "./print-dim.ts";

export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: readonly Dim[];
}

/** As the language writes it: `tensor<f32>[N, 3, 224, 224]`. */
export function printTensorType(type: TensorType): string {
  return `tensor<${type.dtype}>${printShape(type.shape)}`;
}

/** Same dtype, same rank, dimensions equal by normal form. */
export function equalTensorTypes(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((dim, axis) => dim.key === b.shape[axis]?.key);
}

/** Bytes of the elements; undefined for strings, whose size is not fixed. */
export function bytesOf(type: TensorType): Dim | undefined {
  const bytes = bytesOfDtype(type.dtype);
  return bytes === 0 ? undefined : mulDims(dimOf(bytes), productOfDims(type.shape));
}
