/** Element types of the language's tensors. What only ONNX has (f8, 4-bit, complex, …) is in the compiler's ONNX room. */

export const dtypes = ["f16", "bf16", "f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bool", "string"] as const;

export type Dtype = (typeof dtypes)[number];

const bytes: Readonly<Record<Dtype, number>> = {
  f16: 2, bf16: 2, f32: 4, f64: 8, i8: 1, i16: 2, i32: 4, i64: 8, u8: 1, u16: 2, u32: 4, u64: 8, bool: 1, string: 0,
};

/** Whether `name` names a dtype of the language. */
export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(bytes, name);
}

/** Bytes of one element; 0 for strings, whose size is not fixed. */
export function bytesOfDtype(dtype: Dtype): number {
  return bytes[dtype];
}

/** Whether elements are floating-point numbers. */
export function isFloatDtype(dtype: Dtype): boolean {
  return dtype === "f16" || dtype === "bf16" || dtype === "f32" || dtype === "f64";
}
