/** How far two runs of a model are apart. */
import type { Tensor } from "onnxruntime-node";
import type { ElemType } from "../../onnx/elem-types.ts";
import { decodeElements } from "../../onnx/read-tensor.ts";

export interface Difference {
  /** Equal bit for bit, shapes and types included. */
  readonly equal: boolean;
  readonly maxAbs: number;
  /** Against the larger of the two magnitudes. */
  readonly maxRel: number;
  /** Whether every element is within `rtol * |whole| + atol * max(1, rms of the whole)`, and what rounding explains. */
  readonly within: boolean;
  /** The least tolerance among elements that are not within. */
  readonly allowed: number;
}

export const rtol = 1e-4;
export const atol = 1e-5;
/** Where rounding moves outputs by more of their root mean square, it would explain faults too, and explains nothing. */
const roundingMax = 1e-2;

/** Element types by onnxruntime's names. */
export const elemTypes: Readonly<Record<string, ElemType>> = {
  float32: "f32", float64: "f64", float16: "f16", bfloat16: "bf16", int64: "i64", int32: "i32", int16: "i16", int8: "i8", uint8: "u8", uint16: "u16", uint32: "u32", uint64: "u64", bool: "bool",
};

const same: Difference = { equal: true, maxAbs: 0, maxRel: 0, within: true, allowed: 0 };
const incomparable: Difference = { equal: false, maxAbs: Number.MAX_VALUE, maxRel: Number.MAX_VALUE, within: false, allowed: 0 };

/**
 * Compares an output of the shards with that of the whole; a missing one differs in every way. `rounding` is how far
 * rounding alone was seen to move it.
 */
export function compareTensors(whole: Tensor | undefined, sharded: Tensor | undefined, rounding = 0): Difference {
  if (!whole || !sharded || whole.type !== sharded.type || whole.dims.join() !== sharded.dims.join()) return incomparable;
  if (whole.type === "string") {
    const other = stringsOf(sharded);
    return stringsOf(whole).every((text, at) => text === other[at]) ? same : incomparable;
  }
  if (Buffer.compare(bytesOf(whole), bytesOf(sharded)) === 0) return same;
  const [a, b] = [numbersOf(whole), numbersOf(sharded)];
  return a && b ? compareNumbers(a, b, rounding) : incomparable;
}

function stringsOf({ data }: Tensor): readonly string[] {
  return Array.isArray(data) ? data : [];
}

function bytesOf({ data }: Tensor): Buffer {
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.alloc(0);
}

function numbersOf(tensor: Tensor): readonly number[] | undefined {
  const values = decodeElements(elemTypes[tensor.type] ?? "undefined", bytesOf(tensor), tensor.size);
  if (values?.kind === "bigints") return values.values.map(Number);
  return values?.kind === "numbers" ? values.values : undefined;
}

/** NaN agrees with NaN, and each infinity with itself. */
export function compareNumbers(whole: readonly number[], sharded: readonly number[], rounding = 0): Difference {
  const finite = whole.filter(Number.isFinite);
  const rms = Math.sqrt(finite.reduce((sum, value) => sum + value * value, 0) / Math.max(1, finite.length));
  const explained = rounding <= roundingMax * rms ? rounding : 0;
  let [maxAbs, maxRel, within, allowed] = [0, 0, true, Infinity];
  whole.forEach((a, at) => {
    const b = sharded[at] ?? Number.NaN;
    if (Object.is(a, b) || a === b) return;
    const apart = Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Number.MAX_VALUE;
    maxAbs = Math.max(maxAbs, apart);
    maxRel = Math.max(maxRel, apart === Number.MAX_VALUE ? apart : apart / Math.max(Math.abs(a), Math.abs(b)));
    const tolerance = Number.isFinite(a) ? rtol * Math.abs(a) + atol * Math.max(1, rms) + explained : 0;
    if (apart <= tolerance) return;
    within = false;
    allowed = Math.min(allowed, tolerance);
  });
  return { equal: false, maxAbs, maxRel, within, allowed: within ? 0 : allowed };
}
