/**
 * Elements of tensors whose values are known while compiling. Integers are Dims (constant or symbolic), floats are
 * numbers, or ratios of a Dim where they come from one (`Cast`, `Div` and `Floor` over shapes). `undefined` is an element
 * that is not known. Results of operations on them are exact or undefined, never approximate, save that f32 constants
 * round as f32 does.
 */
import { constantOf } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import type { ElemType } from "../elem-types.ts";

export type Scalar = Dim | Ratio | number | boolean | string;
export type MaybeScalar = Scalar | undefined;

/** numerator / denominator, a float whose numerator is symbolic; the denominator is positive. */
export interface Ratio {
  readonly numerator: Dim;
  readonly denominator: bigint;
}

/** Whether a scalar is an integer. */
export function isInteger(scalar: MaybeScalar): scalar is Dim {
  return typeof scalar === "object" && "terms" in scalar;
}

/** Whether a scalar is a float that comes from a symbolic integer. */
export function isRatio(scalar: MaybeScalar): scalar is Ratio {
  return typeof scalar === "object" && "denominator" in scalar;
}

/** Whether values of the type are kept as Dims. */
export function isIntegerType(dtype: ElemType): boolean {
  return /^[iu](2|4|8|16|32|64)$/.test(dtype);
}

/** Whether values of the type are kept as numbers. */
export function isFloatType(dtype: ElemType): boolean {
  return dtype === "f32" || dtype === "f64" || dtype === "f16" || dtype === "bf16";
}

/** The scalar as an integer constant in the safe range. */
export function constantInt(scalar: MaybeScalar): number | undefined {
  if (!isInteger(scalar)) return undefined;
  const constant = constantOf(scalar);
  return constant === undefined ? undefined : Number(constant);
}

/** Whether two elements are known and the same. */
export function equalScalars(a: MaybeScalar, b: MaybeScalar): boolean {
  if (isInteger(a) && isInteger(b)) return a.key === b.key;
  if (isRatio(a) && isRatio(b)) return a.numerator.key === b.numerator.key && a.denominator === b.denominator;
  return a !== undefined && typeof a !== "object" && Object.is(a, b);
}

/** f32 results round as f32 does; half precision is not folded unless it is exact. */
export function roundTo(value: number, dtype: ElemType): number | undefined {
  if (dtype === "f64") return value;
  if (dtype === "f32") return Math.fround(value);
  return Number.isInteger(value) && Math.abs(value) <= 256 ? value : undefined;
}

const signedBits: Readonly<Record<string, bigint>> = { i2: 1n, i4: 3n, i8: 7n, i16: 15n, i32: 31n, i64: 63n };
const unsignedBits: Readonly<Record<string, bigint>> = { u2: 2n, u4: 4n, u8: 8n, u16: 16n, u32: 32n, u64: 64n };

/** Constants that would wrap around in their type are not known; symbolic values are sizes and do not overflow. */
export function withinType(value: Dim | undefined, dtype: ElemType): Dim | undefined {
  const constant = value && constantOf(value);
  if (constant === undefined) return value;
  const signed = signedBits[dtype];
  if (signed !== undefined) return constant >= -(1n << signed) && constant < 1n << signed ? value : undefined;
  const unsigned = unsignedBits[dtype];
  return unsigned === undefined || (constant >= 0n && constant < 1n << unsigned) ? value : undefined;
}
