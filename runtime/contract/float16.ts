/**
 * The 16-bit float formats, kept as bits in a Uint16Array because Node 20 has no Float16Array.
 * Both conversions from f64 round once, to nearest, ties to even (IEEE 754-2019, 4.3.1).
 */
const bits = new DataView(new ArrayBuffer(8));

/** The number that an IEEE binary16 pattern stands for. */
export function f16ToNumber(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The binary16 pattern nearest to `value`; beyond 65,519.99 it is infinity. */
export function numberToF16(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundHalfEven(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  // log2 may round up to the next power of two; one step back puts it right.
  const scale = 2 ** exponent > size ? exponent - 1 : exponent;
  const fraction = roundHalfEven((size / 2 ** scale - 1) * 1024);
  return sign | (((scale + 15) << 10) + fraction);
}

/** The number that a bfloat16 pattern stands for. */
export function bf16ToNumber(pattern: number): number {
  bits.setUint32(0, pattern << 16);
  return bits.getFloat32(0);
}

/** The bfloat16 pattern nearest to `value`. */
export function numberToBf16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  bits.setFloat32(0, roundToOddF32(value));
  const wide = bits.getUint32(0);
  return ((wide + 0x7fff + ((wide >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Rounds to f32 keeping a sticky last bit, so that rounding on to fewer bits happens only once. */
function roundToOddF32(value: number): number {
  const near = Math.fround(value);
  if (near === value || !Number.isFinite(near)) return near;
  bits.setFloat32(0, near);
  const pattern = bits.getUint32(0);
  if (pattern & 1) return near;
  const towardsZero = Math.abs(near) > Math.abs(value) ? pattern - 1 : pattern;
  bits.setUint32(0, towardsZero | 1);
  return bits.getFloat32(0);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
