/** Reads the values of single tensors on demand, for what inference and sharding need; never more than asked for. */
import type { ModelFiles } from "./byte-source.ts";
import { elementCount } from "./check-tensors.ts";
import { elemTypeBits, elemTypeBytes, type ElemType } from "./elem-types.ts";
import type { TensorRef } from "./model-graph.ts";
import { createWireReader, WireError } from "./wire.ts";

/** Numbers as they are: bigint for 64-bit integers, booleans as 0 and 1. */
export type TensorValues =
  | { readonly kind: "numbers"; readonly values: readonly number[] }
  | { readonly kind: "bigints"; readonly values: readonly bigint[] }
  | { readonly kind: "strings"; readonly values: readonly string[] };

/**
 * The values of a tensor of at most `countMax` elements.
 * Undefined if it has more, or if its values are missing, refused or of a type without plain numbers.
 */
export function readTensor(files: ModelFiles, tensor: TensorRef, countMax: number): TensorValues | undefined {
  const count = elementCount(tensor.dims);
  if (!(count <= countMax)) return undefined;
  if (tensor.dtype === "string") return readStrings(files, tensor, count);
  const bytes = readTensorBytes(files, tensor, elemTypeBytes(tensor.dtype, count));
  return bytes && decodeElements(tensor.dtype, bytes, count);
}

/**
 * The values of a tensor as dense little-endian bytes (the layout of `raw_data`), if they are at most `bytesMax`.
 * Undefined if there are more, or if they are missing or refused.
 */
export function readTensorBytes(files: ModelFiles, tensor: TensorRef, bytesMax: number): Uint8Array | undefined {
  const needed = elemTypeBytes(tensor.dtype, elementCount(tensor.dims));
  if (!(needed <= bytesMax)) return undefined;
  const { data } = tensor;
  switch (data.kind) {
    case "raw":
      return data.at.length === needed ? files.main.read(data.at.offset, needed) : undefined;
    case "external": {
      const source = files.openExternal(data.location);
      if ("refused" in source || !Number.isSafeInteger(data.offset)) return undefined;
      const bytes = source.read(data.offset, needed);
      return bytes.length === needed ? bytes : undefined;
    }
    case "typed":
      return readTyped(files, tensor);
    case "none":
      return needed === 0 ? new Uint8Array(0) : undefined;
  }
}

/** How many bytes one entry of the typed field stands for; sub-byte types pack several elements into one entry. */
function typedEntryBytes(dtype: ElemType): number {
  const bits = elemTypeBits(dtype);
  return bits < 8 ? 1 : dtype === "complex64" ? 4 : dtype === "complex128" ? 8 : bits / 8;
}

function readTyped(files: ModelFiles, tensor: TensorRef): Uint8Array | undefined {
  const wire = createWireReader(files.main);
  const floats: number[] = [];
  const integers: bigint[] = [];
  try {
    wire.fields(tensor.bytes, (field) => {
      if (field.number === 4) wire.numbers(field, "float32", floats);
      else if (field.number === 10) wire.numbers(field, "float64", floats);
      else if (field.number === 5 || field.number === 7 || field.number === 11) readIntegers(wire.bytes(rangeOf(field)), field.type === "bytes", integers);
    });
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
  const entryBytes = typedEntryBytes(tensor.dtype);
  const isFloat = floats.length > 0;
  const out = new DataView(new ArrayBuffer((isFloat ? floats.length : integers.length) * entryBytes));
  if (isFloat) floats.forEach((value, i) => (entryBytes === 4 ? out.setFloat32(i * 4, value, true) : out.setFloat64(i * 8, value, true)));
  else integers.forEach((value, i) => writeInteger(out, i * entryBytes, entryBytes, value));
  const needed = elemTypeBytes(tensor.dtype, elementCount(tensor.dims));
  return out.byteLength === needed ? new Uint8Array(out.buffer) : undefined;
}

function rangeOf(field: { readonly offset: number; readonly length: number }): { offset: number; length: number } {
  return { offset: field.offset, length: field.length };
}

/** Varints of a packed body, or the one varint of an unpacked field, exactly. */
function readIntegers(bytes: Uint8Array, packed: boolean, into: bigint[]): void {
  for (let at = 0; at < bytes.length; ) {
    let value = 0n;
    let shift = 0n;
    for (; at < bytes.length; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    into.push(BigInt.asIntN(64, value));
    if (!packed) return;
  }
}

function writeInteger(out: DataView, offset: number, width: number, value: bigint): void {
  switch (width) {
    case 1: return out.setInt8(offset, Number(BigInt.asIntN(8, value)));
    case 2: return out.setInt16(offset, Number(BigInt.asIntN(16, value)), true);
    case 4: return out.setInt32(offset, Number(BigInt.asIntN(32, value)), true);
    default: return out.setBigInt64(offset, value, true);
  }
}

function readStrings(files: ModelFiles, tensor: TensorRef, count: number): TensorValues | undefined {
  const wire = createWireReader(files.main);
  const values: string[] = [];
  try {
    wire.fields(tensor.bytes, (field) => {
      if (field.number === 6) values.push(wire.text(field));
    });
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
  return values.length === count ? { kind: "strings", values } : undefined;
}

/** Decodes dense little-endian elements; undefined for types that have no plain number (complex, float8, 4-bit floats). */
export function decodeElements(dtype: ElemType, bytes: Uint8Array, count: number): TensorValues | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = (read: (i: number) => number): TensorValues => ({ kind: "numbers", values: Array.from({ length: count }, (_, i) => read(i)) });
  switch (dtype) {
    case "f32": return numbers((i) => view.getFloat32(i * 4, true));
    case "f64": return numbers((i) => view.getFloat64(i * 8, true));
    case "f16": return numbers((i) => float16(view.getUint16(i * 2, true)));
    case "bf16": return numbers((i) => bfloat16(view.getUint16(i * 2, true)));
    case "u8": case "bool": return numbers((i) => view.getUint8(i));
    case "i8": return numbers((i) => view.getInt8(i));
    case "u16": return numbers((i) => view.getUint16(i * 2, true));
    case "i16": return numbers((i) => view.getInt16(i * 2, true));
    case "i32": return numbers((i) => view.getInt32(i * 4, true));
    case "u32": return numbers((i) => view.getUint32(i * 4, true));
    case "i64": return { kind: "bigints", values: Array.from({ length: count }, (_, i) => view.getBigInt64(i * 8, true)) };
    case "u64": return { kind: "bigints", values: Array.from({ length: count }, (_, i) => view.getBigUint64(i * 8, true)) };
    case "u4": return numbers((i) => nibble(view, i));
    case "i4": return numbers((i) => (nibble(view, i) << 28) >> 28);
    case "u2": return numbers((i) => crumb(view, i));
    case "i2": return numbers((i) => (crumb(view, i) << 30) >> 30);
    default: return undefined;
  }
}

function nibble(view: DataView, index: number): number {
  return (view.getUint8(index >> 1) >> ((index & 1) * 4)) & 0xf;
}

function crumb(view: DataView, index: number): number {
  return (view.getUint8(index >> 2) >> ((index & 3) * 2)) & 0x3;
}

/** IEEE 754 binary16. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of a binary32. */
function bfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16, false);
  return view.getFloat32(0, false);
}
