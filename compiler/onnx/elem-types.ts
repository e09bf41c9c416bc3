/**
 * The element types of ONNX tensors (TensorProto.DataType) under the short names used throughout pipec.
 * Types narrower than a byte are packed; sizes are therefore in bits.
 */

const table = [
  [1, "f32", 32], [2, "u8", 8], [3, "i8", 8], [4, "u16", 16], [5, "i16", 16], [6, "i32", 32], [7, "i64", 64],
  [8, "string", 0], [9, "bool", 8], [10, "f16", 16], [11, "f64", 64], [12, "u32", 32], [13, "u64", 64],
  [14, "complex64", 64], [15, "complex128", 128], [16, "bf16", 16], [17, "f8e4m3fn", 8], [18, "f8e4m3fnuz", 8],
  [19, "f8e5m2", 8], [20, "f8e5m2fnuz", 8], [21, "u4", 4], [22, "i4", 4], [23, "f4e2m1", 4], [24, "f8e8m0", 8],
  [25, "u2", 2], [26, "i2", 2],
] as const;

/** An ONNX element type. `"undefined"` stands for a missing or unknown type number. */
export type ElemType = (typeof table)[number][1] | "undefined";

const byCode = new Map<number, ElemType>(table.map(([code, name]) => [code, name]));
const codeOf = new Map<ElemType, number>(table.map(([code, name]) => [name, code]));
const bitsOf = new Map<ElemType, number>(table.map(([, name, bits]) => [name, bits]));

/** The element type of a TensorProto.DataType number; `"undefined"` for a number we do not know. */
export function elemTypeOfCode(code: number): ElemType {
  return byCode.get(code) ?? "undefined";
}

/** The TensorProto.DataType number of an element type (0 for `"undefined"`). */
export function codeOfElemType(type: ElemType): number {
  return codeOf.get(type) ?? 0;
}

/** Size of one element in bits; 0 for strings and unknown types, whose size is not fixed. */
export function elemTypeBits(type: ElemType): number {
  return bitsOf.get(type) ?? 0;
}

/** Bytes of `count` elements stored densely (packed below a byte); 0 for strings. */
export function elemTypeBytes(type: ElemType, count: number): number {
  return Math.ceil((elemTypeBits(type) * count) / 8);
}
