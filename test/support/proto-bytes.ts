/** Protobuf by hand, for files that no writer of ours makes. */

/** A field with a length: a message, a text, bytes. */
export function protoField(number: number, ...body: readonly (Uint8Array | string)[]): Buffer {
  const bytes = Buffer.concat(body.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>= 7) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
