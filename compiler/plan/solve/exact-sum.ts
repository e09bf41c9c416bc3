/** Sums of doubles that do not depend on the order of the terms: the exact sum, rounded once. */

/** The exact sum of finite doubles, rounded to the nearest double. */
export function exactSum(values: readonly number[]): number {
  let total = 0n;
  for (const value of values) total += toUnits(value);
  return fromUnits(total);
}

/** True when the exact sum of finite doubles is at most `limit`. */
export function exactSumAtMost(values: readonly number[], limit: number): boolean {
  if (limit === Infinity) return true;
  let total = 0n;
  for (const value of values) total += toUnits(value);
  return total <= toUnits(limit);
}

/** Every finite double is an integer multiple of 2^-1074. */
const unitExponent = -1074;
const view = new DataView(new ArrayBuffer(8));

function toUnits(value: number): bigint {
  if (value === 0) return 0n;
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | 0x10000000000000n) << BigInt(exponent - 1);
  return value < 0 ? -magnitude : magnitude;
}

function fromUnits(units: bigint): number {
  const magnitude = units < 0n ? -units : units;
  const length = magnitude.toString(16).length * 4;
  // Two bits more than a double holds, with a sticky bit below, round once and rightly.
  const shift = Math.max(0, length - 60);
  const top = magnitude >> BigInt(shift);
  const sticky = top << BigInt(shift) === magnitude ? 0n : 1n;
  const value = scaleByPowerOfTwo(Number((top << 1n) | sticky), shift - 1 + unitExponent);
  return units < 0n ? -value : value;
}

/** value * 2^exponent in steps that are exact while the result is a normal double. */
export function scaleByPowerOfTwo(value: number, exponent: number): number {
  let result = value;
  let left = exponent;
  for (; left > 1000; left -= 1000) result *= powerOfTwo(1000);
  for (; left < -1000; left += 1000) result *= powerOfTwo(-1000);
  return result * powerOfTwo(left);
}

/** 2^exponent for -1022 <= exponent <= 1023, from its bits: no power function's rounding is trusted. */
function powerOfTwo(exponent: number): number {
  view.setBigUint64(0, BigInt(exponent + 1023) << 52n);
  return view.getFloat64(0);
}

/** The exponent e with 2^e <= value < 2^(e+1), for a positive normal double. */
export function exponentOf(value: number): number {
  view.setFloat64(0, value);
  return ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
}
