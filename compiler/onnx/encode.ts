/** Writes fields of the protobuf wire format as ropes. */
import { bytesRope, joinRopes, type Rope } from "./rope.ts";

const utf8 = new TextEncoder();

/** A varint of int64 semantics. */
export function varintBytes(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return out;
}

export function varintField(number: number, value: number | bigint): Rope {
  return bytesRope(Uint8Array.from([...varintBytes(number * 8), ...varintBytes(value)]));
}

export function floatField(number: number, value: number): Rope {
  const body = new DataView(new ArrayBuffer(4));
  body.setFloat32(0, value, true);
  return bytesRope(Uint8Array.from([...varintBytes(number * 8 + 5), ...new Uint8Array(body.buffer)]));
}

/** A length-delimited field whose body is a rope: bytes or a message. */
export function bodyField(number: number, body: Rope): Rope {
  const head = bytesRope(Uint8Array.from([...varintBytes(number * 8 + 2), ...varintBytes(body.length)]));
  return joinRopes([head, body]);
}

export function textField(number: number, text: string): Rope {
  return bodyField(number, bytesRope(utf8.encode(text)));
}

/** A message of fields. */
export function messageField(number: number, fields: readonly Rope[]): Rope {
  return bodyField(number, joinRopes(fields));
}
