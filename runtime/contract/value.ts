/**
 * The values that rows carry while a program runs. Types are static: the emitted program knows which is which,
 * so nothing here carries more tags than it needs.
 *
 * Scalars: bool is boolean; i64 and u64 are bigint; every other number is number (f16, bf16 and f32 rounded to
 * their precision). f16 and bf16 tensors hold their bits in a Uint16Array.
 */
export type Dtype = "f16" | "bf16" | "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "bool" | "string";

export type TensorData =
  | Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array
  | Uint8Array | Uint16Array | Uint32Array | BigUint64Array | string[];

/** Row-major and dense. `bool` is a Uint8Array of 0 and 1. */
export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type Value = null | boolean | number | bigint | string | Uint8Array | Tensor | readonly Value[] | RecordValue;

export interface RecordValue {
  readonly [field: string]: Value;
}

/** One row of a stream. */
export type Row = RecordValue;
