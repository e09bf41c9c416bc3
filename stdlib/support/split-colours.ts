/**
 * Pixels of three channels as three planes of numbers, each channel by a table of the 256 possible results: in
 * WebAssembly, since that looks up three times as fast. The numbers are copied as bits.
 */
import { assembleModule, get, growTo, i32, instantiate, loop, set } from "./wasm.ts";
import type { Code, WasmFunction, WasmInstance } from "./wasm.ts";

const TABLE_BYTES = 1024;
/** The memory stays with the thread: larger pictures take the slow way. */
const MEMORY_BYTES_MAX = 2 ** 26;

const increase = (local: number, by: number): Code => set(local, i32.add(get(local), i32.const(by)));

/** split(pixels, count, target, planeBytes): the tables lie at the start of the memory. */
function splitFunction(): WasmFunction {
  const [pixels, count, red, planeBytes, green, blue] = [0, 1, 2, 3, 4, 5];
  const lookUp = (channel: number): Code => i32.load(i32.shiftLeft(i32.loadByte(get(pixels), channel), i32.const(2)), channel * TABLE_BYTES);
  const body = [
    ...set(green, i32.add(get(red), get(planeBytes))),
    ...set(blue, i32.add(get(green), get(planeBytes))),
    ...loop(
      [i32.store(get(red), lookUp(0)), i32.store(get(green), lookUp(1)), i32.store(get(blue), lookUp(2)), increase(pixels, 3), increase(red, 4), increase(green, 4), increase(blue, 4), increase(count, -1)],
      get(count),
    ),
  ];
  return { name: "split", parameters: 4, integers: 2, vectors: 0, body };
}

let engine: WasmInstance | undefined;
let isTried = false;

function findEngine(): WasmInstance | undefined {
  if (!isTried) engine = instantiate(assembleModule([splitFunction()]));
  isTried = true;
  return engine;
}

/** `result`: a plane for each of the three tables, one after the other. */
export function splitColours(pixels: Uint8Array, tables: readonly Float32Array[], result: Float32Array): void {
  const found = findEngine();
  const source = 3 * TABLE_BYTES;
  const target = source + Math.ceil(pixels.length / 16) * 16;
  const end = target + pixels.length * 4;
  if (pixels.length === 0) return;
  if (found === undefined || end > MEMORY_BYTES_MAX || !growTo(found, end)) return splitSlowly(pixels, tables, result);
  const numbers = new Float32Array(found.memory.buffer);
  tables.forEach((table, channel) => numbers.set(table, (channel * TABLE_BYTES) / 4));
  new Uint8Array(found.memory.buffer).set(pixels, source);
  found.functions.split(source, pixels.length / 3, target, (pixels.length / 3) * 4);
  result.set(numbers.subarray(target / 4, target / 4 + pixels.length));
}

/** All three planes in one pass, so that each pixel is read once. */
function splitSlowly(data: Uint8Array, [reds, greens, blues]: readonly Float32Array[], result: Float32Array): void {
  const plane = result.length / 3;
  const [red, green, blue] = [result.subarray(0, plane), result.subarray(plane, 2 * plane), result.subarray(2 * plane)];
  for (let pixel = 0, source = 0; pixel < plane; pixel++, source += 3) {
    red[pixel] = reds[data[source]];
    green[pixel] = greens[data[source + 1]];
    blue[pixel] = blues[data[source + 2]];
  }
}
