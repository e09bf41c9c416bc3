/** A one-dimensional i64 tensor. */
import type { Tensor } from "../../runtime/contract/value.ts";

export function vectorI64(values: readonly number[]): Tensor {
  return { dtype: "i64", shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}
