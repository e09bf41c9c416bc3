/** The type of a tensor: element type and shape. */
import { mulDims, dimOf, productOfDims } from "./dim.ts";
import type { Dim } from "./dim.ts";
import { bytesOfDtype } from "./dtype.ts";
import type { Dtype } from "./dtype.ts";

export interface TensorType {
  readonly dtype: Dtype;
  readonly shape: readonly Dim[];
}

/** Bytes of the elements; undefined for strings, whose size is not fixed. */
export function bytesOf(type: TensorType): Dim | undefined {
  const bytes = bytesOfDtype(type.dtype);
  return bytes === 0 ? undefined : mulDims(dimOf(bytes), productOfDims(type.shape));
}
