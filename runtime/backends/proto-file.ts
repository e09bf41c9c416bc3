/**
 * Files of protobuf messages, stepped over field by field: of a model of gigabytes, a few pages are read. What fields mean
 * is their reader's to know; whoever finds a file to be not what it should be gives it up, and has nothing of it.
 */
import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";

const WINDOW_BYTES = 16 * 1024;

/** What can be looked at in one piece. */
export const VIEW_BYTES_MAX = WINDOW_BYTES;

/** Bytes `[start, end)` of a file. */
export interface ProtoRange {
  readonly start: number;
  readonly end: number;
}

export interface ProtoField {
  readonly number: number;
  readonly wireType: number;
  /** From its tag on. */
  readonly whole: ProtoRange;
  /** Of a field with a length: what the length counts. */
  readonly body: ProtoRange;
}

export interface ProtoFile {
  /** Links resolved. */
  readonly path: string;
  readonly size: number;
  readonly byteAt: (at: number) => number;
  /** Of `VIEW_BYTES_MAX` at most; to be looked at before anything else is read. */
  readonly view: (range: ProtoRange) => Buffer;
  /** Fills all of `into`. */
  readonly read: (into: Uint8Array, at: number) => void;
}

/** Wire type of messages, texts and bytes. */
export const LENGTH_DELIMITED = 2;

/** What `use` finds; undefined where the file cannot be read, or is given up. */
export function readProtoFile<Found>(path: string, use: (file: ProtoFile) => Found): Found | undefined {
  try {
    const resolved = realpathSync(path);
    const fd = openSync(resolved, "r");
    try {
      return use(openWindow(resolved, fd, fstatSync(fd).size));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof GivenUp || isSystemFault(error)) return undefined;
    throw error;
  }
}

class GivenUp extends Error {}

/** The file is not what it should be. */
export function giveUp(): never {
  throw new GivenUp();
}

function isSystemFault(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

export function* fieldsOf(file: ProtoFile, { start, end }: ProtoRange): Generator<ProtoField> {
  for (let at = start; at < end; ) {
    const tag = readVarint(file, at, end);
    const [number, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
    const length = wireType === LENGTH_DELIMITED ? readVarint(file, tag.next, end) : undefined;
    const bodyStart = length?.next ?? tag.next;
    const next = length !== undefined ? length.next + length.value : wireType === 0 ? readVarint(file, tag.next, end).next : tag.next + fixedBytes(wireType);
    // Zeros would be two gigabytes of fields of two bytes.
    if (number === 0 || next > end) giveUp();
    yield { number, wireType, whole: { start: at, end: next }, body: { start: bodyStart, end: next } };
    at = next;
  }
}

function fixedBytes(wireType: number): number {
  if (wireType === 1) return 8;
  return wireType === 5 ? 4 : giveUp();
}

function readVarint(file: ProtoFile, start: number, end: number): { readonly value: number; readonly next: number } {
  let [value, scale] = [0, 1];
  for (let at = start; at < Math.min(end, start + 10); at++) {
    const byte = file.byteAt(at);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: at + 1 };
    scale *= 128;
  }
  return giveUp();
}

/** Byte after byte through a window. */
function openWindow(path: string, fd: number, size: number): ProtoFile {
  const window = Buffer.alloc(WINDOW_BYTES);
  let [start, end] = [0, 0];
  const read = (into: Uint8Array, at: number): void => {
    if (readSync(fd, into, 0, into.length, at) !== into.length) giveUp();
  };
  const moveTo = (at: number): void => {
    [start, end] = [at, Math.min(at + WINDOW_BYTES, size)];
    read(window.subarray(0, end - start), start);
  };
  return {
    path,
    size,
    byteAt(at) {
      if (at < start || at >= end) moveTo(at);
      return window[at - start] ?? 0;
    },
    view(range) {
      if (range.start < start || range.end > end) moveTo(range.start);
      return window.subarray(range.start - start, range.end - start);
    },
    read,
  };
}
