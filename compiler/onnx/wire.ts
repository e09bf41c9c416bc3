/**
 * Reads the protobuf wire format straight from a byte source, in windows, so that a message of gigabytes is walked
 * without being loaded: a length-delimited field is a range until someone asks for its bytes.
 *
 * Invariants
 *  - No read goes outside the range of the message being walked; a length that says otherwise is a `WireError`.
 *  - Work and memory are bounded by the structure budget, whatever the file says.
 *  - `WireError` never leaves this room: `readModel` turns it into a diagnostic.
 */
import type { ByteRange, ByteSource } from "./byte-source.ts";

/** The file contradicts its own format (or our limits) at an offset. */
export class WireError extends Error {
  readonly offset: number;
  readonly kind: "malformed" | "limit";

  constructor(kind: "malformed" | "limit", offset: number, what: string) {
    super(what);
    this.kind = kind;
    this.offset = offset;
  }
}

/** One field of a message. For varint and fixed fields `value` holds the value; for bytes, `offset` and `length` the body. */
export interface WireField {
  number: number;
  /** Where the field's tag starts. */
  start: number;
  type: "varint" | "fixed64" | "bytes" | "fixed32";
  /** int64 semantics for varints, rounded beyond 2^53; the little-endian bits for fixed fields are at `offset`. */
  value: number;
  offset: number;
  length: number;
}

export interface WireReader {
  /** Calls `visit` for each field of the message in `range`, in order. The field object is reused between calls. */
  fields(range: ByteRange, visit: (field: WireField) => void): void;
  /** The bytes of a field's body (or of any range), counted against the structure budget. */
  bytes(range: ByteRange): Uint8Array;
  text(range: ByteRange): string;
  float32(field: WireField): number;
  /** A repeated number: a packed body, or one element. `read` says how an element is laid out. */
  numbers(field: WireField, layout: "varint" | "float32" | "float64", into: number[]): void;
  /** Counts one structural item (node, attribute, …) against the budget. */
  countItem(offset: number): void;
  /** Bytes taken from the source so far. */
  bytesRead(): number;
}

export interface WireLimits {
  /** Bytes of structure (everything but skipped bodies) that one model may have. */
  readonly structureBytesMax: number;
  /** Structural items that one model may have. */
  readonly itemsMax: number;
}

export const defaultWireLimits: WireLimits = { structureBytesMax: 256 * 2 ** 20, itemsMax: 1_000_000 };

/** A packed number takes far less memory than a node: so many of them count as one item. */
const numbersPerItem = 16;
const windowBytesMin = 512;
const windowBytesMax = 256 * 1024;
const utf8 = new TextDecoder("utf-8");
const scratch = new DataView(new ArrayBuffer(8));

/** A reader over `source`. Sequential reading grows the window, a jump shrinks it again. */
export function createWireReader(source: ByteSource, limits: WireLimits = defaultWireLimits): WireReader {
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  let windowSize = windowBytesMin;
  let position = 0;
  let bytesRead = 0;
  let items = 0;

  function fetch(offset: number, length: number): Uint8Array {
    bytesRead += length;
    if (bytesRead > limits.structureBytesMax) throw new WireError("limit", offset, `its structure is larger than ${limits.structureBytesMax} bytes`);
    const got = source.read(offset, length);
    if (got.length !== length) throw new WireError("malformed", offset + got.length, "the file ends here");
    return got;
  }

  /** Makes the window cover `offset`. */
  function slide(offset: number): void {
    const sequential = offset === windowStart + window.length;
    windowSize = sequential ? Math.min(windowSize * 2, windowBytesMax) : windowBytesMin;
    if (offset >= source.size) throw new WireError("malformed", source.size, "the file ends here");
    window = fetch(offset, Math.min(windowSize, source.size - offset));
    windowStart = offset;
  }

  function byteAt(offset: number): number {
    let index = offset - windowStart;
    if (index < 0 || index >= window.length) {
      slide(offset);
      index = offset - windowStart;
    }
    return window[index] ?? 0;
  }

  function bytes(range: ByteRange): Uint8Array {
    const index = range.offset - windowStart;
    if (index >= 0 && index + range.length <= window.length) return window.subarray(index, index + range.length);
    if (range.length <= windowBytesMin && range.length > 0) {
      // Short and partly outside: keep reading sequentially rather than fetching it twice.
      const out = new Uint8Array(range.length);
      for (let i = 0; i < range.length; i++) out[i] = byteAt(range.offset + i);
      return out;
    }
    return fetch(range.offset, range.length);
  }

  /** A varint at `position`, which moves past it; int64 semantics. */
  function varint(end: number): number {
    const start = position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw new WireError("malformed", start, "a number runs past the end of its message");
      const byte = byteAt(position++);
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= (bits & 0x0f) << 28;
        high |= bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) return (high | 0) * 2 ** 32 + (low >>> 0);
    }
    throw new WireError("malformed", start, "a number has more than ten bytes");
  }

  function skip(length: number, end: number, what: string): void {
    if (!(length >= 0) || position + length > end) throw new WireError("malformed", position, `${what} runs past the end of its message`);
    position += length;
  }

  function fields(range: ByteRange, visit: (field: WireField) => void): void {
    const end = range.offset + range.length;
    const field: WireField = { number: 0, start: 0, type: "varint", value: 0, offset: 0, length: 0 };
    let next = range.offset;
    while (next < end) {
      position = next;
      field.start = next;
      const tag = varint(end);
      field.number = Math.floor(tag / 8);
      if (field.number < 1 || tag > 2 ** 32) throw new WireError("malformed", next, "a field has no valid number");
      readBody(tag % 8, field, end);
      next = position;
      visit(field);
    }
  }

  function readBody(wireType: number, field: WireField, end: number): void {
    field.offset = position;
    switch (wireType) {
      case 0:
        field.type = "varint";
        field.value = varint(end);
        field.length = position - field.offset;
        return;
      case 1:
        field.type = "fixed64";
        field.length = 8;
        return skip(8, end, "a fixed number");
      case 5:
        field.type = "fixed32";
        field.length = 4;
        return skip(4, end, "a fixed number");
      case 2:
        field.type = "bytes";
        field.length = varint(end);
        field.offset = position;
        return skip(field.length, end, "a field");
      default:
        throw new WireError("malformed", position, `a field has wire type ${wireType}, which ONNX does not use`);
    }
  }

  function fixed(offset: number, width: 4 | 8): number {
    const body = bytes({ offset, length: width });
    for (let i = 0; i < width; i++) scratch.setUint8(i, body[i] ?? 0);
    return width === 4 ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true);
  }

  function numbers(field: WireField, layout: "varint" | "float32" | "float64", into: number[]): void {
    if (field.type !== "bytes") {
      into.push(layout === "varint" ? field.value : fixed(field.offset, layout === "float32" ? 4 : 8));
      return;
    }
    const end = field.offset + field.length;
    let at = field.offset;
    for (let count = 0; at < end; count++) {
      if (count % numbersPerItem === 0) countItem(at);
      if (layout === "varint") {
        position = at;
        into.push(varint(end));
        at = position;
        continue;
      }
      const width = layout === "float32" ? 4 : 8;
      if (at + width > end) throw new WireError("malformed", at, "a packed number is cut off");
      into.push(fixed(at, width));
      at += width;
    }
  }

  function countItem(offset: number): void {
    items++;
    if (items > limits.itemsMax) throw new WireError("limit", offset, `it has more than ${limits.itemsMax} parts`);
  }

  return {
    fields,
    bytes,
    text: (range) => utf8.decode(bytes(range)),
    float32: (field) => fixed(field.offset, 4),
    numbers,
    countItem,
    bytesRead: () => bytesRead,
  };
}
