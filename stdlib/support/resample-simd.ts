/**
 * The two passes of `resample` for pictures of three channels, in WebAssembly with SIMD: the same integers, eight
 * products at a time. A weight of 22 fractional bits does not fit the 16 bits that a product takes, so it is split into
 * an upper part (times 2^11) and a lower one, and so are the sums, which are exact.
 */
import { assembleModule, get, growTo, i32, instantiate, loop, set, v128 } from "./wasm.ts";
import type { Code, WasmFunction, WasmInstance } from "./wasm.ts";
import type { Taps } from "./resample.ts";

const PRECISION_BITS = 22;
const LOW_BITS = 11;
/** Loads of eight bytes may reach past the end of what they are after. */
const SLACK_BYTES = 64;
/** The memory stays with the thread: larger pictures take the slow way. */
const MEMORY_BYTES_MAX = 2 ** 27;

const zero = v128.const(Array.from({ length: 16 }, () => 0));
const half = v128.const(Array.from({ length: 4 }, () => [0, 0, 1 << ((PRECISION_BITS - 1) % 8), 0]).flat());
const increase = (local: number, by: Code): Code => set(local, i32.add(get(local), by));

/** (upper sums * 2^11 + lower sums, rounded) / 2^22. */
const scaled = (upper: number, lower: number): Code => v128.shiftRight32(v128.add32(v128.shiftLeft32(get(upper), LOW_BITS), get(lower)), PRECISION_BITS);

/** Red, green and blue of two neighbours, in pairs of 16 bits: bytes 0 and 3, 1 and 4, 2 and 5. */
const PIXEL_PAIRS = [0, 16, 3, 16, 1, 16, 4, 16, 2, 16, 5, 16, 16, 16, 16, 16];

/**
 * rows(source, stride, target, height, places, table, pairs): each row of `height` from `source` becomes `places` pixels.
 * The table holds for each place the byte its taps start at, then `pairs` times two upper and two lower weights.
 */
function rowsFunction(): WasmFunction {
  const [source, stride, target, height, places, table, pairs] = [0, 1, 2, 3, 4, 5, 6];
  const [entry, place, pair, pixel] = [7, 8, 9, 10];
  const [upper, lower, colours] = [11, 12, 13];
  const tap = loop(
    [
      set(colours, v128.shuffle(v128.load64(get(pixel)), zero, PIXEL_PAIRS)),
      set(upper, v128.add32(get(upper), v128.dot(get(colours), v128.load32Splat(get(entry))))),
      set(lower, v128.add32(get(lower), v128.dot(get(colours), v128.load32Splat(get(entry), 4)))),
      increase(entry, i32.const(8)),
      increase(pixel, i32.const(6)),
      increase(pair, i32.const(1)),
    ],
    i32.lessThan(get(pair), get(pairs)),
  );
  const onePlace = loop(
    [
      set(pixel, i32.add(get(source), i32.load(get(entry)))),
      increase(entry, i32.const(4)),
      set(upper, zero),
      set(lower, half),
      set(pair, i32.const(0)),
      tap,
      // Four bytes, of which the next pixel overwrites the last.
      i32.store(get(target), v128.firstLane(v128.narrow16(v128.narrow32(scaled(upper, lower), zero), zero))),
      increase(target, i32.const(3)),
      increase(place, i32.const(1)),
    ],
    i32.lessThan(get(place), get(places)),
  );
  const oneRow = loop(
    [set(entry, get(table)), set(place, i32.const(0)), onePlace, increase(source, get(stride)), increase(height, i32.const(-1))],
    i32.lessThan(i32.const(0), get(height)),
  );
  return { name: "rows", parameters: 7, integers: 4, vectors: 3, body: oneRow };
}

/** Bytes of two rows, one after the other. */
const BYTE_PAIRS = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];

/** columns(source, stride, target, places, table, pairs): rows of `stride` bytes become `places` rows. Tables as above. */
function columnsFunction(): WasmFunction {
  const [source, stride, target, places, table, pairs] = [0, 1, 2, 3, 4, 5];
  const [entry, start, offset, pair, line] = [6, 7, 8, 9, 10];
  const [upperLeft, lowerLeft, upperRight, lowerRight, bytes, words, upperWeights, lowerWeights] = [11, 12, 13, 14, 15, 16, 17, 18];
  const gather = (to: number, weights: number): Code => set(to, v128.add32(get(to), v128.dot(get(words), get(weights))));
  const tap = loop(
    [
      set(bytes, v128.shuffle(v128.load64(get(line)), v128.load64(i32.add(get(line), get(stride))), BYTE_PAIRS)),
      set(upperWeights, v128.load32Splat(get(entry))),
      set(lowerWeights, v128.load32Splat(get(entry), 4)),
      set(words, v128.widenLow(get(bytes))),
      gather(upperLeft, upperWeights),
      gather(lowerLeft, lowerWeights),
      set(words, v128.widenHigh(get(bytes))),
      gather(upperRight, upperWeights),
      gather(lowerRight, lowerWeights),
      set(line, i32.add(i32.add(get(line), get(stride)), get(stride))),
      increase(entry, i32.const(8)),
      increase(pair, i32.const(1)),
    ],
    i32.lessThan(get(pair), get(pairs)),
  );
  const eightBytes = loop(
    [
      set(line, i32.add(get(start), get(offset))),
      set(entry, i32.add(get(table), i32.const(4))),
      set(upperLeft, zero),
      set(lowerLeft, half),
      set(upperRight, zero),
      set(lowerRight, half),
      set(pair, i32.const(0)),
      tap,
      v128.store64(i32.add(get(target), get(offset)), v128.narrow16(v128.narrow32(scaled(upperLeft, lowerLeft), scaled(upperRight, lowerRight)), zero)),
      increase(offset, i32.const(8)),
    ],
    i32.lessThan(get(offset), get(stride)),
  );
  const oneRow = loop(
    [
      set(start, i32.add(get(source), i32.load(get(table)))),
      set(offset, i32.const(0)),
      eightBytes,
      set(table, get(entry)),
      increase(target, get(stride)),
      increase(places, i32.const(-1)),
    ],
    i32.lessThan(i32.const(0), get(places)),
  );
  return { name: "columns", parameters: 6, integers: 5, vectors: 8, body: oneRow };
}

let engine: WasmInstance | undefined;
let isTried = false;

/** Undefined on processors without such instructions. */
function findEngine(): WasmInstance | undefined {
  if (!isTried) engine = instantiate(assembleModule([rowsFunction(), columnsFunction()]));
  isTried = true;
  return engine;
}

export interface PassRequest {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** Along the width, then along the height; undefined: that size stays. */
  readonly across: Taps | undefined;
  readonly down: Taps | undefined;
}

/** The resampled bytes of a picture of three channels, or undefined where this cannot be done here. */
export function resampleSimd({ data, height, width, across, down }: PassRequest): Uint8Array | undefined {
  const found = findEngine();
  if (found === undefined) return undefined;
  const middleStride = (across?.size ?? width) * 3;
  const resultBytes = middleStride * (down?.size ?? height);
  const acrossTable = across && packTaps(across, 3);
  const downTable = down && packTaps(down, middleStride);
  const layout = layOut([data.length, across === undefined ? 0 : middleStride * height, down === undefined ? 0 : resultBytes, acrossTable?.bytes.byteLength ?? 0, downTable?.bytes.byteLength ?? 0]);
  // Taps that weigh nothing are read all the same, past the last row.
  const end = layout.end + (downTable?.pairs ?? 0) * 2 * middleStride;
  if (end > MEMORY_BYTES_MAX || !growTo(found, end)) return undefined;
  const memory = new Uint8Array(found.memory.buffer);
  const [source, middle, target, acrossAt, downAt] = layout.starts;
  memory.set(data, source);
  if (acrossTable !== undefined) {
    memory.set(acrossTable.bytes, acrossAt);
    found.functions.rows(source, width * 3, middle, height, acrossTable.places, acrossAt, acrossTable.pairs);
  }
  if (downTable !== undefined) {
    memory.set(downTable.bytes, downAt);
    found.functions.columns(across === undefined ? source : middle, middleStride, target, downTable.places, downAt, downTable.pairs);
  }
  const result = down === undefined ? middle : target;
  return memory.slice(result, result + resultBytes);
}

function layOut(sizes: readonly number[]): { readonly starts: readonly number[]; readonly end: number } {
  let end = 0;
  const starts = sizes.map((bytes) => {
    const start = end;
    end += Math.ceil((bytes + SLACK_BYTES) / 16) * 16;
    return start;
  });
  return { starts, end };
}

interface PackedTaps {
  readonly bytes: Uint8Array;
  readonly pairs: number;
  readonly places: number;
}

const packed = new WeakMap<Taps, Map<number, PackedTaps>>();

/** The table as the functions read it. `unit`: bytes from one tap to the next. */
function packTaps(table: Taps, unit: number): PackedTaps {
  const byUnit = packed.get(table) ?? new Map<number, PackedTaps>();
  packed.set(table, byUnit);
  const made = byUnit.get(unit) ?? makePacked(table, unit);
  byUnit.set(unit, made);
  return made;
}

/** Missing taps weigh nothing. */
function makePacked(table: Taps, unit: number): PackedTaps {
  const pairs = Math.max(1, Math.ceil(table.used.reduce((most, used) => Math.max(most, used), 0) / 2));
  const bytes = new Uint8Array(table.size * (4 + pairs * 8));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (let place = 0; place < table.size; place++) {
    view.setInt32(at, table.first[place] * unit, true);
    at += 4;
    for (let tap = 0; tap < pairs * 2; tap++) {
      const weight = tap < table.used[place] ? table.weights[place * table.count + tap] : 0;
      const entry = at + (tap >> 1) * 8 + (tap & 1) * 2;
      view.setInt16(entry, weight >> LOW_BITS, true);
      view.setInt16(entry + 4, weight & ((1 << LOW_BITS) - 1), true);
    }
    at += pairs * 8;
  }
  return { bytes, pairs, places: table.size };
}
