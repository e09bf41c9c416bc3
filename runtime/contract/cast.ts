/**
 * `as`: the only conversion between dtypes. Elementwise; a value that the wanted dtype cannot hold is a row
 * error (floats to integers truncate towards zero first; NaN and infinity have no integer).
 */
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from "./float16.ts";
import { RowError } from "./kernel.ts";
import { allocate, isTensor, readElement, writeElement } from "./tensor.ts";
import type { Scalar } from "./tensor.ts";
import type { Dtype, Tensor } from "./value.ts";

const INTEGER_RANGES: Partial<Record<Dtype, readonly [bigint, bigint]>> = {
  i8: [-128n, 127n],
  i16: [-32768n, 32767n],
  i32: [-2147483648n, 2147483647n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u8: [0n, 255n],
  u16: [0n, 65535n],
  u32: [0n, 4294967295n],
  u64: [0n, 2n ** 64n - 1n],
};

/** The inclusive range of an integer dtype; undefined for the others. */
export function integerRange(dtype: Dtype): readonly [bigint, bigint] | undefined {
  return INTEGER_RANGES[dtype];
}

/** Converts a scalar, or each element of a tensor, to `to`. */
export function cast<V extends Scalar | Tensor>(value: V, to: Dtype): V extends Tensor ? Tensor : Scalar;
export function cast(value: Scalar | Tensor, to: Dtype): Scalar | Tensor {
  if (typeof value !== "object") return castScalar(value, to);
  if (!isTensor(value)) throw new RowError("only numbers and tensors are cast");
  if (value.dtype === to) return value;
  const data = allocate(to, value.data.length);
  for (let index = 0; index < value.data.length; index++) writeElement(to, data, index, castScalar(readElement(value, index), to));
  return { dtype: to, shape: value.shape, data };
}

export function castScalar(value: Scalar, to: Dtype): Scalar {
  if (to === "string") return String(value);
  const number = typeof value === "string" ? parseNumber(value) : value;
  if (to === "bool") return Boolean(number);
  const range = INTEGER_RANGES[to];
  if (range === undefined) return toFloat(number, to);
  const whole = toWhole(number, to);
  if (whole < range[0] || whole > range[1]) throw new RowError(`${value} does not fit ${to} (${range[0]} to ${range[1]})`);
  return to === "i64" || to === "u64" ? whole : Number(whole);
}

/** Infinity and NaN stay what they are; a number that would become infinite is refused. */
function toFloat(value: boolean | number | bigint, to: Dtype): number {
  const rounded = roundFloat(Number(value), to);
  if ((typeof value !== "number" || Number.isFinite(value)) && !Number.isFinite(rounded)) throw new RowError(`${value} does not fit ${to}`);
  return rounded;
}

/** `value` rounded once to the precision of a float dtype. */
export function roundFloat(value: number, dtype: Dtype): number {
  switch (dtype) {
    case "f32":
      return Math.fround(value);
    case "f16":
      return f16ToNumber(numberToF16(value));
    case "bf16":
      return bf16ToNumber(numberToBf16(value));
    default:
      return value;
  }
}

function toWhole(value: boolean | number | bigint, to: Dtype): bigint {
  if (typeof value !== "number") return BigInt(value);
  if (!Number.isFinite(value)) throw new RowError(`${value} has no value in ${to}`);
  return BigInt(Math.trunc(value));
}

function parseNumber(text: string): number | bigint {
  const trimmed = text.trim();
  if (/^[+-]?\d+$/.test(trimmed)) return BigInt(trimmed.replace(/^\+/, ""));
  const number = Number(trimmed);
  if (trimmed === "" || Number.isNaN(number)) throw new RowError(`"${text}" is not a number`);
  if (Math.abs(number) === Infinity && /\d/.test(trimmed)) throw new RowError(`${trimmed} does not fit f64`);
  return number;
}
