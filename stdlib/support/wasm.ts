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
const I64 = 0x7e;
const V128 = 0x7b;
const EMPTY = 0x40;

/** An instruction with its operands before it. */
const op = (...code: readonly number[]) => (...operands: readonly Code[]): Code => [...operands.flat(), ...code];
const vector = (number: number) => op(...simd(number));

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: (a: Code, b: Code): Code => op(0x6a)(a, b),
  sub: (a: Code, b: Code): Code => op(0x6b)(a, b),
  mul: (a: Code, b: Code): Code => op(0x6c)(a, b),
  and: (a: Code, b: Code): Code => op(0x71)(a, b),
  or: (a: Code, b: Code): Code => op(0x72)(a, b),
  shiftLeft: (value: Code, bits: Code): Code => op(0x74)(value, bits),
  /** Arithmetic. */
  shiftRight: (value: Code, bits: Code): Code => op(0x75)(value, bits),
  isZero: (value: Code): Code => op(0x45)(value),
  equal: (a: Code, b: Code): Code => op(0x46)(a, b),
  lessThan: (a: Code, b: Code): Code => op(0x48)(a, b),
  load: (address: Code, offset = 0): Code => [...address, 0x28, ...at(0, offset)],
  loadByte: (address: Code, offset = 0): Code => [...address, 0x2d, ...at(0, offset)],
  /** Sign-extended. */
  load16: (address: Code, offset = 0): Code => [...address, 0x2e, ...at(0, offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x36, ...at(0, offset)],
  storeByte: (address: Code, value: Code): Code => [...address, ...value, 0x3a, ...at(0, 0)],
  store16: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x3b, ...at(0, offset)],
  /** The lower half of an i64. */
  ofLong: (value: Code): Code => op(0xa7)(value),
};

export const i64 = {
  or: (a: Code, b: Code): Code => op(0x84)(a, b),
  shiftLeft: (value: Code, bits: Code): Code => op(0x86)(value, bits),
  /** Logical. */
  shiftRight: (value: Code, bits: Code): Code => op(0x88)(value, bits),
  /** Unsigned. */
  ofInteger: (value: Code): Code => op(0xad)(value),
};

export const v128 = {
  const: (bytes: readonly number[]): Code => [...simd(12), ...bytes],
  load: (address: Code, offset = 0): Code => [...address, ...simd(0), ...at(0, offset)],
  /** 8 bytes; the upper half is zero. */
  load64: (address: Code): Code => [...address, ...simd(93), ...at(0, 0)],
  /** 8 bytes as unsigned 16-bit lanes. */
  loadBytes: (address: Code): Code => [...address, ...simd(2), ...at(0, 0)],
  /** 4 bytes, four times. */
  load32Splat: (address: Code, offset = 0): Code => [...address, ...simd(9), ...at(0, offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...simd(11), ...at(0, offset)],
  /** The lower 8 bytes. */
  store64: (address: Code, value: Code): Code => [...address, ...value, ...simd(91), ...at(0, 0), 0],
  /** Bytes of `a` (0 to 15) and `b` (16 to 31) in the given order. */
  shuffle: (a: Code, b: Code, order: readonly number[]): Code => [...a, ...b, ...simd(13), ...order],
  /** An integer in all eight 16-bit lanes. */
  splat16: (value: Code): Code => vector(16)(value),
  /** Bytes 0 to 7, or 8 to 15, as unsigned 16-bit lanes. */
  widenLow: (value: Code): Code => vector(137)(value),
  widenHigh: (value: Code): Code => vector(138)(value),
  /** Products of 16-bit lanes, neighbours added. */
  dot: (a: Code, b: Code): Code => vector(186)(a, b),
  add16: (a: Code, b: Code): Code => vector(142)(a, b),
  sub16: (a: Code, b: Code): Code => vector(145)(a, b),
  multiply16: (a: Code, b: Code): Code => vector(149)(a, b),
  add32: (a: Code, b: Code): Code => vector(174)(a, b),
  sub32: (a: Code, b: Code): Code => vector(177)(a, b),
  /** Logical; `bits` is an integer. */
  shiftRight16: (value: Code, bits: Code): Code => vector(141)(value, bits),
  shiftLeft32: (value: Code, bits: number): Code => vector(171)(value, i32.const(bits)),
  /** Arithmetic. */
  shiftRight32: (value: Code, bits: number): Code => vector(172)(value, i32.const(bits)),
  /** Signed 32-bit lanes of both to 16 bits, saturated. */
  narrow32: (a: Code, b: Code): Code => vector(133)(a, b),
  /** Signed 16-bit lanes of both to unsigned bytes, saturated. */
  narrow16: (a: Code, b: Code): Code => vector(102)(a, b),
  /** All bits of the bytes that are equal. */
  equalBytes: (a: Code, b: Code): Code => vector(35)(a, b),
  /** Whether any bit is set, as an integer. */
  anyBit: (value: Code): Code => vector(83)(value),
  /** 32-bit lane 0. */
  firstLane: (value: Code): Code => [...value, ...simd(27), 0],
  /** 64-bit lane 0. */
  firstLong: (value: Code): Code => [...value, ...simd(29), 0],
};

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

/** Runs `body` at least once, and again as long as `again` is not zero. */
export const loop = (body: readonly Code[], again: Code): Code => [0x03, EMPTY, ...body.flat(), ...again, 0x0d, 0, 0x0b];

export const when = (condition: Code, body: readonly Code[]): Code => [...condition, 0x04, EMPTY, ...body.flat(), 0x0b];
export const whenElse = (condition: Code, body: readonly Code[], otherwise: readonly Code[]): Code => [...condition, 0x04, EMPTY, ...body.flat(), 0x05, ...otherwise.flat(), 0x0b];

export interface WasmFunction {
  readonly name: string;
  /** Numbers of parameters (i32, the first locals), then of further locals of each kind: i32, i64, v128. */
  readonly parameters: number;
  readonly integers: number;
  readonly longs?: number;
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
  const codes = functions.map(({ integers, longs = 0, vectors, body }): Code => {
    const content = [3, ...unsigned(integers), I32, ...unsigned(longs), I64, ...unsigned(vectors), V128, ...body, 0x0b];
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
