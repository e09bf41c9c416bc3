/**
 * Decodes plain JPEGs (see `readFrame`) in the calling thread, to the very bytes that libjpeg-turbo gives with its
 * accurate transform and fancy upsampling. Whatever is unusual or broken is left to a general decoder.
 */
import { assembleModule, growTo, instantiate } from "../wasm.ts";
import type { WasmInstance } from "../wasm.ts";
import type { Picture } from "../resample.ts";
import { packCodes, TABLE_BYTES } from "./huffman-table.ts";
import { BAD_AT, BITS_USED_AT, BLOCKS_AT, DATA_AT, DIVISORS_AT, ENTRY, inNaturalOrder, LAST_DC_AT, ORDER, ORDER_AT, SOURCE_END_AT, TABLES_AT, TARGET_END_AT } from "./memory-map.ts";
import { pictureFunctions } from "./picture-functions.ts";
import { readFrame } from "./read-frame.ts";
import type { HuffmanCodes, JpegFrame } from "./read-frame.ts";
import { scanFunction } from "./scan-function.ts";

/** The memory stays with the thread: larger pictures go elsewhere. */
const MEMORY_BYTES_MAX = 2 ** 27;
/** Rows are worked on eight or sixteen samples at a time. */
const SLACK_BYTES = 64;

let engine: WasmInstance | undefined;
let isTried = false;

/** Undefined on processors without such instructions. */
function findEngine(): WasmInstance | undefined {
  if (!isTried) engine = instantiate(assembleModule([scanFunction, ...pictureFunctions]));
  isTried = true;
  return engine;
}

/** The picture in red, green and blue; undefined where another decoder is to decode it or to say what is wrong with it. */
export function decodeJpeg(bytes: Uint8Array, pixelsMax: number): Picture | undefined {
  const frame = readFrame(bytes);
  if (frame === undefined || frame.width * frame.height > pixelsMax) return undefined;
  // Libjpeg has another way for chroma this narrow.
  if (frame.components.length === 3 && frame.components[0].across === 2 && frame.width <= 4) return undefined;
  const found = findEngine();
  const layout = layOut(frame, bytes.length - frame.dataStart);
  if (found === undefined || layout.end > MEMORY_BYTES_MAX || !growTo(found, layout.end)) return undefined;
  writeInputs(found, frame, layout, bytes.subarray(frame.dataStart));
  if (!decodeScan(found, frame, layout, bytes.length - frame.dataStart)) return undefined;
  const { width, height } = frame;
  drawRows(found, frame, layout);
  return { width, height, channels: 3, data: new Uint8Array(found.memory.buffer).slice(layout.target, layout.target + width * height * 3) };
}

interface Plane {
  readonly start: number;
  readonly stride: number;
}

interface Layout {
  readonly unitsAcross: number;
  readonly unitsDown: number;
  readonly planes: readonly Plane[];
  readonly unstuffed: number;
  /** Room for a row of weighted sums, and for a row of each chroma. */
  readonly sums: number;
  readonly chroma: readonly [number, number];
  readonly target: number;
  readonly end: number;
}

function layOut({ width, height, components }: JpegFrame, dataBytes: number): Layout {
  const [{ across, down }] = components;
  const [unitsAcross, unitsDown] = [Math.ceil(width / (across * 8)), Math.ceil(height / (down * 8))];
  let end = DATA_AT;
  const take = (bytes: number): number => {
    const start = end;
    end += Math.ceil((bytes + SLACK_BYTES) / 16) * 16;
    return start;
  };
  take(dataBytes);
  const unstuffed = take(dataBytes);
  const planes = components.map((component): Plane => {
    const stride = unitsAcross * component.across * 8;
    return { start: take(stride * unitsDown * component.down * 8), stride };
  });
  // Before the first sum stands that of its neighbour.
  const sums = take(width * 2 + SLACK_BYTES) + 16;
  const chroma = [take(width + SLACK_BYTES), take(width + SLACK_BYTES)] as const;
  const target = take(width * height * 3);
  return { unitsAcross, unitsDown, planes, unstuffed, sums, chroma, target, end };
}

function writeInputs({ memory }: WasmInstance, { components }: JpegFrame, { planes }: Layout, data: Uint8Array): void {
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(ORDER, ORDER_AT);
  bytes.set(data, DATA_AT);
  bytes.fill(0, DATA_AT + data.length, DATA_AT + data.length + SLACK_BYTES);
  const words = new Int32Array(memory.buffer);
  const tables = new Map<HuffmanCodes, number>();
  const tableOf = (codes: HuffmanCodes, isAc: boolean): number => {
    const known = tables.get(codes);
    if (known !== undefined) return known;
    const start = TABLES_AT + tables.size * TABLE_BYTES;
    words.set(packCodes(codes, isAc), start / 4);
    tables.set(codes, start);
    return start;
  };
  let entry = BLOCKS_AT / 4;
  components.forEach(({ across, down, divisors, dc, ac }, index) => {
    const { start, stride } = planes[index];
    new Uint16Array(memory.buffer).set(inNaturalOrder(divisors), (DIVISORS_AT + index * 128) / 2);
    for (let block = 0; block < across * down; block++) {
      const target = start + Math.floor(block / across) * 8 * stride + (block % across) * 8;
      const fields = { dc: tableOf(dc, false), ac: tableOf(ac, true), divisors: DIVISORS_AT + index * 128, target, step: across * 8, rowStep: stride * (down * 8 - 1), stride, last: LAST_DC_AT + index * 4 };
      words.set([fields.dc, fields.ac, fields.divisors, fields.target, fields.step, fields.rowStep, fields.stride, fields.last], entry);
      entry += ENTRY.bytes / 4;
    }
  });
}

const EOI = 0xd9;
const FIRST_RESTART = 0xd0;

/** False where the data are not exactly what the frame says. */
function decodeScan({ memory, functions }: WasmInstance, { components, restartUnits }: JpegFrame, { unitsAcross, unitsDown, unstuffed }: Layout, dataBytes: number): boolean {
  const words = new Int32Array(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const entriesEnd = BLOCKS_AT + components.reduce((sum, { across, down }) => sum + across * down, 0) * ENTRY.bytes;
  const units = unitsAcross * unitsDown;
  const each = restartUnits === 0 ? units : restartUnits;
  let source = DATA_AT;
  for (let first = 0, restart = 0; first < units; first += each, restart++) {
    functions.unstuff(source, unstuffed, DATA_AT + dataBytes);
    const available = (words[TARGET_END_AT / 4] - unstuffed) * 8;
    words.fill(0, LAST_DC_AT / 4, LAST_DC_AT / 4 + 3);
    if (!isScanned(() => functions.scan(unstuffed, Math.min(each, units - first), BLOCKS_AT, entriesEnd, unitsAcross, first % unitsAcross))) return false;
    const left = available - words[BITS_USED_AT / 4];
    const marker = words[SOURCE_END_AT / 4];
    const wanted = first + each < units ? FIRST_RESTART + (restart % 8) : EOI;
    if (words[BAD_AT / 4] !== 0 || left < 0 || left > 7 || marker + 1 >= DATA_AT + dataBytes || bytes[marker + 1] !== wanted) return false;
    source = marker + 2;
  }
  return true;
}

/** Broken data may lead the decoder past the end of the memory, where it is stopped. */
function isScanned(scan: () => void): boolean {
  try {
    scan();
    return true;
  } catch {
    return false;
  }
}

function drawRows({ memory, functions }: WasmInstance, { width, height, components }: JpegFrame, { planes, sums, chroma, target }: Layout): void {
  const [luma] = planes;
  if (components.length === 1) {
    new Uint8Array(memory.buffer).fill(128, chroma[0], chroma[0] + width + 8);
    for (let y = 0; y < height; y++) functions.colours(luma.start + y * luma.stride, chroma[0], chroma[0], target + y * width * 3, width);
    return;
  }
  const [{ across, down }] = components;
  const [narrow, short] = [Math.ceil(width / across), Math.ceil(height / down)];
  for (let y = 0; y < height; y++) {
    const near = Math.floor(y / down);
    const far = Math.max(0, Math.min(short - 1, y % 2 === 0 ? near - 1 : near + 1));
    const [blueness, redness] = planes.slice(1).map(({ start, stride }, index) => {
      if (across === 1) return start + near * stride;
      functions.weigh(start + near * stride, start + far * stride, down === 1 ? 1 : 3, down === 1 ? 0 : 1, sums, narrow);
      if (down === 1) functions.double(sums, chroma[index], narrow, 1, 2, 2);
      else functions.double(sums, chroma[index], narrow, 8, 7, 4);
      return chroma[index];
    });
    functions.colours(luma.start + y * luma.stride, blueness, redness, target + y * width * 3, width);
  }
}
