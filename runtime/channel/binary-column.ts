/** Strings and bytes of many rows end to end, with offsets. */

export interface BinaryColumn {
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const INT32_MAX = 2 ** 31 - 1;
const encoder = new TextEncoder();

/** Running sums of `lengths`, from 0: one more than there are lengths. */
export function offsetsOf(lengths: readonly number[]): Int32Array<ArrayBuffer> {
  const offsets = new Int32Array(lengths.length + 1);
  let sum = 0;
  lengths.forEach((length, index) => {
    sum += length;
    if (sum > INT32_MAX) throw new Error("a column of one chunk holds more than 2^31 elements: the plan's chunks are too large");
    offsets[index + 1] = sum;
  });
  return offsets;
}

export function writeBinary(items: readonly Uint8Array[]): BinaryColumn {
  const offsets = offsetsOf(items.map((item) => item.byteLength));
  const bytes = new Uint8Array(offsets[items.length]);
  items.forEach((item, index) => bytes.set(item, offsets[index]));
  return { offsets, bytes };
}

/** A view of one item. */
export function readBinary(column: BinaryColumn, index: number): Uint8Array {
  return column.bytes.subarray(column.offsets[index], column.offsets[index + 1]);
}

export function encodeTexts(texts: readonly string[]): BinaryColumn {
  const offsets = offsetsOf(texts.map((text) => Buffer.byteLength(text)));
  const bytes = new Uint8Array(offsets[texts.length]);
  texts.forEach((text, index) => encoder.encodeInto(text, bytes.subarray(offsets[index])));
  return { offsets, bytes };
}

export function decodeTexts(column: BinaryColumn): readonly string[] {
  const { buffer, byteOffset, byteLength } = column.bytes;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  return Array.from({ length: column.offsets.length - 1 }, (_, index) => bytes.toString("utf8", column.offsets[index], column.offsets[index + 1]));
}
