/** Numbers written in the program as values of a dtype: ranges of integers, rounding of floats. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { Dtype } from "../tensor/dtype.ts";

const integerRanges: Partial<Readonly<Record<Dtype, readonly [bigint, bigint]>>> = {
  i8: [-128n, 127n], i16: [-32_768n, 32_767n], i32: [-(2n ** 31n), 2n ** 31n - 1n], i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u8: [0n, 255n], u16: [0n, 65_535n], u32: [0n, 2n ** 32n - 1n], u64: [0n, 2n ** 64n - 1n],
};

export type Converted = { readonly ok: true; readonly value: ConstantValue } | { readonly ok: false; readonly reason: string };

/** A literal as a value of `dtype`, rounded once where that is a float; or why it is none. */
export function literalAs(value: ConstantValue, dtype: Dtype): Converted {
  if (value.kind !== "int" && value.kind !== "float") return { ok: false, reason: "it is not a number" };
  const range = integerRanges[dtype];
  if (range !== undefined) {
    if (value.kind === "float") return { ok: false, reason: `${dtype} holds integers only` };
    const fits = value.value >= range[0] && value.value <= range[1];
    return fits ? { ok: true, value } : { ok: false, reason: `${dtype} holds ${range[0]} to ${range[1]}` };
  }
  const rounded = roundTo(Number(value.value), dtype);
  if (rounded === undefined) return { ok: false, reason: `${dtype} is not a dtype of numbers` };
  if (!Number.isFinite(rounded)) return { ok: false, reason: `it is larger than ${dtype} can hold` };
  return { ok: true, value: { kind: "float", value: rounded } };
}

function roundTo(value: number, dtype: Dtype): number | undefined {
  switch (dtype) {
    case "f64": return value;
    case "f32": return Math.fround(value);
    case "f16": return roundMantissa(value, 10, -14, 65_504);
    case "bf16": return roundMantissa(value, 7, -126, 3.3895313892515355e38);
    default: return undefined;
  }
}

/** Rounds to nearest, ties to even, with `bits` of mantissa; IEEE 754 with a smallest normal exponent. */
function roundMantissa(value: number, bits: number, exponentMin: number, max: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), exponentMin);
  const quantum = 2 ** (exponent - bits);
  const scaled = value / quantum;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const whole = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  const rounded = whole * quantum;
  return Math.abs(rounded) > max ? Infinity * Math.sign(value) : rounded;
}

/** Unit to base unit of its measure: bytes, milliseconds, hertz, bits per second, fraction. */
export function quantityOf(value: number, unit: string): ConstantValue {
  switch (unit) {
    case "%": return { kind: "quantity", measure: "ratio", value: Number((value / 100).toPrecision(15)) };
    case "KiB": return bytes(value * 2 ** 10);
    case "MiB": return bytes(value * 2 ** 20);
    case "GiB": return bytes(value * 2 ** 30);
    case "TiB": return bytes(value * 2 ** 40);
    case "ms": return duration(value);
    case "s": return duration(value * 1000);
    case "min": return duration(value * 60_000);
    case "h": return duration(value * 3_600_000);
    case "d": return duration(value * 86_400_000);
    case "Gbps": return { kind: "quantity", measure: "bandwidth", value: value * 1e9 };
    default: return { kind: "quantity", measure: "frequency", value: value * 1000 };
  }
}

function bytes(value: number): ConstantValue {
  return { kind: "quantity", measure: "bytes", value };
}

function duration(value: number): ConstantValue {
  return { kind: "quantity", measure: "duration", value };
}
