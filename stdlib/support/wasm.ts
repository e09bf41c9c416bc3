/**
 * Just enough of an assembler for WebAssembly to write loops over bytes with SIMD: expressions are byte strings in the
 * order the stack machine wants them, so that an inner expression stands inside the call that uses it. Numbers of
 * instructions are those of the WebAssembly core specification 2.0.
 */
export type Code = readonly number[];

/** Unsigned LEB128. */
function unsigned(value: number): Code {
  const low = value & 0x7f;
  return value < 0x80 ? [low] : [low | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}

const simd = (number: number): Code => [0xfd, ...unsigned(number)];
const at = (align: number, offset: number): Code => [...unsigned(align), ...unsigned(offset)];

const I32 = 0x7f;
const V128 = 0x7b;
const EMPTY = 0x40;

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: (a: Code, b: Code): Code => [...a, ...b, 0x6a],
  mul: (a: Code, b: Code): Code => [...a, ...b, 0x6c],
  lessThan: (a: Code, b: Code): Code => [...a, ...b, 0x48],
  shiftLeft: (value: Code, bits: Code): Code => [...value, ...bits, 0x74],
  load: (address: Code, offset = 0): Code => [...address, 0x28, ...at(0, offset)],
  loadByte: (address: Code, offset = 0): Code => [...address, 0x2d, ...at(0, offset)],
  store: (address: Code, value: Code): Code => [...address, ...value, 0x36, ...at(0, 0)],
};

export const v128 = {
  const: (bytes: readonly number[]): Code => [...simd(12), ...bytes],
  /** 8 bytes; the upper half is zero. */
  load64: (address: Code): Code => [...address, ...simd(93), ...at(0, 0)],
  /** 4 bytes, four times. */
  load32Splat: (address: Code, offset = 0): Code => [...address, ...simd(9), ...at(0, offset)],
  /** The lower 8 bytes. */
  store64: (address: Code, value: Code): Code => [...address, ...value, ...simd(91), ...at(0, 0), 0],
  /** Bytes of `a` (0 to 15) and `b` (16 to 31) in the given order. */
  shuffle: (a: Code, b: Code, order: readonly number[]): Code => [...a, ...b, ...simd(13), ...order],
  /** Bytes 0 to 7, or 8 to 15, as unsigned 16-bit lanes. */
  widenLow: (value: Code): Code => [...value, ...simd(137)],
  widenHigh: (value: Code): Code => [...value, ...simd(138)],
  /** Products of 16-bit lanes, neighbours added. */
  dot: (a: Code, b: Code): Code => [...a, ...b, ...simd(186)],
  add32: (a: Code, b: Code): Code => [...a, ...b, ...simd(174)],
  shiftLeft32: (value: Code, bits: number): Code => [...value, ...i32.const(bits), ...simd(171)],
  /** Arithmetic. */
  shiftRight32: (value: Code, bits: number): Code => [...value, ...i32.const(bits), ...simd(172)],
  /** Signed 32-bit lanes of both to 16 bits, saturated. */
  narrow32: (a: Code, b: Code): Code => [...a, ...b, ...simd(133)],
  /** Signed 16-bit lanes of both to unsigned bytes, saturated. */
  narrow16: (a: Code, b: Code): Code => [...a, ...b, ...simd(102)],
  /** 32-bit lane 0. */
  firstLane: (value: Code): Code => [...value, ...simd(27), 0],
};

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

/** Runs `body` at least once, and again as long as `again` is not zero. */
export const loop = (body: readonly Code[], again: Code): Code => [0x03, EMPTY, ...body.flat(), ...again, 0x0d, 0, 0x0b];

export interface WasmFunction {
  readonly name: string;
  /** Numbers of parameters (i32, the first locals), then of further locals of each kind. */
  readonly parameters: number;
  readonly integers: number;
  readonly vectors: number;
  readonly body: Code;
}

const section = (id: number, entries: readonly Code[]): Code => {
  const content = [...unsigned(entries.length), ...entries.flat()];
  return [id, ...unsigned(content.length), ...content];
};

const text = (value: string): Code => [...unsigned(value.length), ...Buffer.from(value, "ascii")];

/** A module of functions without results over one memory, exported as `memory`. */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }): Code => [0x60, ...unsigned(parameters), ...Array.from({ length: parameters }, () => I32), 0]);
  const codes = functions.map(({ integers, vectors, body }): Code => {
    const content = [2, ...unsigned(integers), I32, ...unsigned(vectors), V128, ...body, 0x0b];
    return [...unsigned(content.length), ...content];
  });
  return Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, types),
    ...section(3, functions.map((_, index) => unsigned(index))),
    ...section(5, [[0, 1]]),
    ...section(7, [[...text("memory"), 2, 0], ...functions.map(({ name }, index): Code => [...text(name), 0, ...unsigned(index)])]),
    ...section(10, codes),
  ]);
}

export interface WasmInstance {
  readonly memory: { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number };
  readonly functions: Readonly<Record<string, (...numbers: readonly number[]) => void>>;
}

/** The part of the global `WebAssembly` that is used here; Node's types leave it out. */
interface WasmHost {
  readonly validate: (bytes: Uint8Array) => boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Omit<WasmInstance, "functions"> & WasmInstance["functions"] };
}

/** Undefined where the processor lacks what the module needs. */
export function instantiate(bytes: Uint8Array): WasmInstance | undefined {
  const host: WasmHost = Reflect.get(globalThis, "WebAssembly");
  if (!host.validate(bytes)) return undefined;
  const { memory, ...functions } = new host.Instance(new host.Module(bytes)).exports;
  return { memory, functions };
}

const PAGE_BYTES = 65_536;

/** Makes the memory so large. False where memory is short: callers then have ways that need less of it. */
export function growTo({ memory }: WasmInstance, bytes: number): boolean {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  try {
    if (missing > 0) memory.grow(missing);
    return true;
  } catch {
    return false;
  }
}
