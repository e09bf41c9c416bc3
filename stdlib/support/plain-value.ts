/**
 * Between the values of rows and plain values (numbers, strings, arrays, objects) of JSON, CSV cells and Parquet
 * readers. Nothing is converted in silence: a number that the column's dtype cannot hold exactly is refused.
 */
import type { Column, ColumnType } from "../../runtime/contract/column.ts";
import { castScalar, integerRange } from "../../runtime/contract/cast.ts";
import { RowError } from "../../runtime/contract/kernel.ts";
import { allocate, isTensor, readElement, writeElement } from "../../runtime/contract/tensor.ts";
import type { Scalar } from "../../runtime/contract/tensor.ts";
import type { Dtype, Row, Tensor, Value } from "../../runtime/contract/value.ts";

// A byte order mark within a table is part of the text.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** What plain values come from: some mean what they cannot in another. */
export type PlainFormat = "json" | "csv" | "parquet";

/** The row that a plain record means under `columns` (by outside name); throws RowError naming the column. */
export function toRow(record: Readonly<Record<string, unknown>>, columns: readonly Column[], format: PlainFormat): Row {
  const row: Record<string, Value> = {};
  for (const column of columns) {
    const outside = column.outsideName ?? column.name;
    const plain = Object.hasOwn(record, outside) ? record[outside] : undefined;
    row[column.name] = toValue(plain, column.type, outside, format);
  }
  return row;
}

/** One plain value under a type. `what` names it in messages. */
export function toValue(plain: unknown, type: ColumnType, what: string, format: PlainFormat): Value {
  if (type.kind === "optional") return plain === null || plain === undefined ? null : toValue(plain, type.inner, what, format);
  if (plain === undefined) throw new RowError(`${what} is missing`);
  if (plain === null) throw new RowError(`${what} is null, and its type is not optional`);
  switch (type.kind) {
    case "scalar":
      return toScalar(plain, type.dtype, what, format);
    case "string":
      if (typeof plain === "string") return plain;
      if (plain instanceof Uint8Array) return toText(plain);
      throw new RowError(`${what} is ${nounOf(plain)}, a string is wanted`);
    case "bytes":
      if (plain instanceof Uint8Array) return plain;
      if (typeof plain === "string") return toBytes(plain, what);
      throw new RowError(`${what} is ${nounOf(plain)}, bytes are wanted`);
    case "tensor":
      return toTensorValue(plain, type.dtype, type.shape, what, format);
    case "list": {
      const items = toArray(plain, what);
      return items.map((item, index) => toValue(item, type.element, `${what}[${index}]`, format));
    }
    case "record":
      if (typeof plain !== "object") throw new RowError(`${what} is ${nounOf(plain)}, a record is wanted`);
      return toRow(Object.fromEntries(Object.entries(plain)), type.fields, format);
  }
}

/** What is no UTF-8 becomes U+FFFD. */
export function toText(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** Bytes travel through text formats as base64. */
function toBytes(text: string, what: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw new RowError(`${what} is not base64, and bytes in text are`);
  return new Uint8Array(Buffer.from(text, "base64"));
}

function toScalar(plain: unknown, dtype: Dtype, what: string, format: PlainFormat): Scalar {
  if (dtype === "bool") {
    if (typeof plain === "boolean") return plain;
    throw new RowError(`${what} is ${nounOf(plain)}, true or false is wanted`);
  }
  if (typeof plain === "number" || typeof plain === "bigint") return toNumber(plain, dtype, what, format);
  // Text formats write integers beyond 2^53 as strings.
  if (typeof plain === "string" && integerRange(dtype) !== undefined && /^-?\d+$/.test(plain)) return toNumber(BigInt(plain), dtype, what, format);
  throw new RowError(`${what} is ${nounOf(plain)}, a number is wanted (${dtype})`);
}

function toNumber(value: number | bigint, dtype: Dtype, what: string, format: PlainFormat): Scalar {
  // JSON has no infinity: its parser makes one of a number that is too large.
  if (format === "json" && Math.abs(Number(value)) === Infinity) throw new RowError(`${what} is a number that does not fit ${dtype}`);
  const isInteger = integerRange(dtype) !== undefined;
  if (isInteger && typeof value === "number" && !Number.isInteger(value)) throw new RowError(`${what} is ${value}, a whole number is wanted (${dtype})`);
  if (isInteger && typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RowError(`${what} is beyond 2^53, where JSON numbers lose digits; write it as a string`);
  }
  try {
    return castScalar(value, dtype);
  } catch {
    throw new RowError(`${what} is ${value}, which does not fit ${dtype}`);
  }
}

function toTensorValue(plain: unknown, dtype: Dtype, shape: readonly (number | null)[], what: string, format: PlainFormat): Tensor {
  const flat: unknown[] = [];
  const found: number[] = [];
  flatten(plain, 0, shape.length, found, flat, what);
  const fits = found.length === shape.length && shape.every((size, axis) => size === null || size === found[axis]);
  if (!fits) throw new RowError(`${what} has shape [${found}], expected [${shape.map((size) => size ?? "_").join(", ")}]`);
  const data = allocate(dtype, flat.length);
  flat.forEach((item, index) => writeElement(dtype, data, index, dtype === "string" ? String(item) : toScalar(item, dtype, what, format)));
  return { dtype, shape: found, data };
}

function flatten(plain: unknown, depth: number, rank: number, shape: number[], into: unknown[], what: string): void {
  if (depth === rank) {
    into.push(plain);
    return;
  }
  const items = toArray(plain, what);
  if (shape.length === depth) shape.push(items.length);
  if (shape[depth] !== items.length) throw new RowError(`${what} is ragged: runs of ${shape[depth]} and ${items.length} on axis ${depth}`);
  for (const item of items) flatten(item, depth + 1, rank, shape, into, what);
  // Axes below an empty one have no length to find.
  while (items.length === 0 && shape.length < rank) shape.push(0);
}

function toArray(plain: unknown, what: string): readonly unknown[] {
  if (Array.isArray(plain)) return plain;
  if (isTypedArray(plain)) return Array.from(plain, (item: number | bigint) => item);
  throw new RowError(`${what} is ${nounOf(plain)}, a list is wanted`);
}

function isTypedArray(plain: unknown): plain is Iterable<number | bigint> {
  return ArrayBuffer.isView(plain) && !(plain instanceof DataView);
}

function nounOf(plain: unknown): string {
  if (Array.isArray(plain)) return "a list";
  if (plain instanceof Uint8Array) return "bytes";
  if (plain === null) return "null";
  if (typeof plain === "object") return "an object";
  return typeof plain === "string" ? `the string ${JSON.stringify(plain.slice(0, 40))}` : String(plain);
}

/** A row value as nested arrays and objects of JavaScript scalars; a tensor becomes an array per axis. */
export function toPlain(value: Value): unknown {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if (isTensor(value)) return nest(value, 0, { next: 0 });
  if (isValueList(value)) return value.map(toPlain);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toPlain(field)]));
}

function isValueList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function nest(tensor: Tensor, axis: number, cursor: { next: number }): unknown {
  if (axis === tensor.shape.length) return readElement(tensor, cursor.next++);
  return Array.from({ length: tensor.shape[axis] }, () => nest(tensor, axis + 1, cursor));
}
