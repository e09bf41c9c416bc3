/**
 * Rows as columns in the layout of Arrow, and back: fixed shapes lie end to end, varying ones have offsets and shapes
 * beside their elements, strings and bytes offsets, optional values a validity bitmap. (One liberty: truth values take
 * a byte each, as models want them.) Decoded tensors and bytes are views into the column; nothing is copied.
 *
 * Every column owns its buffers, so that a whole chunk can be transferred to another thread.
 */
import { findFault } from "../contract/check-value.ts";
import type { Column, ColumnType } from "../contract/column.ts";
import { fillDeferred, lengthOf } from "../contract/deferred-tensor.ts";
import { allocate, elementCount, isTensor, readElement, writeElement } from "../contract/tensor.ts";
import type { Dtype, Row, Tensor, TensorData, Value } from "../contract/value.ts";
import { decodeTexts, encodeTexts, offsetsOf, readBinary, writeBinary } from "./binary-column.ts";
import type { BinaryColumn } from "./binary-column.ts";

/** Number `type` below names the layout; each belongs to one or two kinds of `ColumnType`. */
export type ColumnData =
  /** Elements of `width` values per row. */
  | { readonly layout: "fixed"; readonly data: NumericData }
  /** `offsets` count elements; `shapes` holds rank numbers per row. */
  | { readonly layout: "ragged"; readonly data: NumericData; readonly offsets: Int32Array<ArrayBuffer>; readonly shapes: Int32Array<ArrayBuffer> }
  /** String tensors: the elements of all rows, one after the other. */
  | { readonly layout: "texts"; readonly items: BinaryColumn; readonly offsets: Int32Array<ArrayBuffer>; readonly shapes: Int32Array<ArrayBuffer> }
  | { readonly layout: "binary"; readonly items: BinaryColumn }
  | { readonly layout: "list"; readonly offsets: Int32Array<ArrayBuffer>; readonly items: ColumnData }
  | { readonly layout: "record"; readonly fields: readonly ColumnData[] }
  /** Bit i of `validity` is set where row i has a value; the others have an empty one. */
  | { readonly layout: "optional"; readonly validity: Uint8Array<ArrayBuffer>; readonly items: ColumnData };

export type NumericData = Exclude<TensorData, readonly string[]>;

type TensorType = Extract<ColumnType, { kind: "tensor" }>;

/** Where the elements of tensors go: a buffer of exactly so many bytes, whatever is in it. */
export type TakeBuffer = (bytes: number) => ArrayBuffer;

const takeNew: TakeBuffer = (bytes) => new ArrayBuffer(bytes);

/** The rows' values of every column, in the order of `columns`. Values must fit their columns: our bug otherwise. */
export function encodeColumns(columns: readonly Column[], rows: readonly Row[], take: TakeBuffer = takeNew): readonly ColumnData[] {
  return columns.map((column) => encodeColumn(column.type, rows.map((row) => row[column.name]), column.name, take));
}

export function decodeColumns(columns: readonly Column[], data: readonly ColumnData[], count: number): readonly Row[] {
  const values = columns.map((column, index) => decodeColumn(column.type, data[index], count));
  // For each row of each hop: `Object.fromEntries` is four times slower.
  return timesOf(count, (row) => {
    const fields: Record<string, Value> = {};
    for (let index = 0; index < columns.length; index++) fields[columns[index].name] = values[index][row];
    return fields;
  });
}

function encodeColumn(type: ColumnType, values: readonly Value[], name: string, take: TakeBuffer): ColumnData {
  switch (type.kind) {
    case "scalar":
      return { layout: "fixed", data: encodeScalars(type.dtype, values) };
    case "tensor":
      return encodeTensors(type, values.map((value) => wanted(isTensorValue(value), value, type, name)), take);
    case "string":
      return { layout: "binary", items: encodeTexts(values.map((value) => wanted(typeof value === "string", value, type, name))) };
    case "bytes":
      return { layout: "binary", items: writeBinary(values.map((value) => wanted(value instanceof Uint8Array, value, type, name))) };
    case "list": {
      const lists = values.map((value) => wanted<readonly Value[]>(isList(value), value, type, name));
      return { layout: "list", offsets: offsetsOf(lists.map((list) => list.length)), items: encodeColumn(type.element, lists.flat(1), name, take) };
    }
    case "record":
      return { layout: "record", fields: encodeColumns(type.fields, values.map((value) => wanted(isRecord(value), value, type, name)), take) };
    case "optional": {
      const validity = new Uint8Array(Math.ceil(values.length / 8));
      values.forEach((value, row) => {
        if (value !== null && value !== undefined) validity[row >> 3] |= 1 << (row & 7);
      });
      const empty = emptyValue(type.inner);
      return { layout: "optional", validity, items: encodeColumn(type.inner, values.map((value) => value ?? empty), name, take) };
    }
  }
}

function decodeColumn(type: ColumnType, column: ColumnData, count: number): readonly Value[] {
  const each = <T>(make: (row: number) => T): T[] => timesOf(count, make);
  switch (column.layout) {
    case "fixed":
      return type.kind === "tensor" ? decodeFixed(type, column.data, count) : each((row) => readElement({ dtype: dtypeOf(type), shape: [count], data: column.data }, row));
    case "ragged":
      return each((row) => ({ dtype: dtypeOf(type), shape: shapeAt(type, column.shapes, row), data: slice(column.data, column.offsets[row], column.offsets[row + 1]) }));
    case "texts": {
      const texts = decodeTexts(column.items);
      return each((row) => ({ dtype: "string", shape: shapeAt(type, column.shapes, row), data: texts.slice(column.offsets[row], column.offsets[row + 1]) }));
    }
    case "binary":
      return type.kind === "string" ? decodeTexts(column.items) : each((row) => readBinary(column.items, row));
    case "list": {
      const items = decodeColumn(type.kind === "list" ? type.element : type, column.items, column.offsets[count]);
      return each((row) => items.slice(column.offsets[row], column.offsets[row + 1]));
    }
    case "record":
      return type.kind === "record" ? decodeColumns(type.fields, column.fields, count) : mismatch(type, column);
    case "optional": {
      const items = decodeColumn(type.kind === "optional" ? type.inner : type, column.items, count);
      return items.map((value, row) => ((column.validity[row >> 3] >> (row & 7)) & 1 ? value : null));
    }
  }
}

/** The buffers of a column, for transfer. */
export function buffersOf(column: ColumnData): readonly ArrayBuffer[] {
  switch (column.layout) {
    case "fixed":
      return [ownBuffer(column.data)];
    case "ragged":
      return [ownBuffer(column.data), column.offsets.buffer, column.shapes.buffer];
    case "texts":
      return [column.items.offsets.buffer, column.items.bytes.buffer, column.offsets.buffer, column.shapes.buffer];
    case "binary":
      return [column.items.offsets.buffer, column.items.bytes.buffer];
    case "list":
      return [column.offsets.buffer, ...buffersOf(column.items)];
    case "record":
      return column.fields.flatMap(buffersOf);
    case "optional":
      return [column.validity.buffer, ...buffersOf(column.items)];
  }
}

function encodeScalars(dtype: Dtype, values: readonly Value[]): NumericData {
  const data = allocateNumeric(dtype, values.length);
  values.forEach((value, row) => {
    if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") writeElement(dtype, data, row, value);
    else throw new Error(`a column of ${dtype} scalars got ${typeof value}`);
  });
  return data;
}

function encodeTensors(type: TensorType, tensors: readonly Tensor[], take: TakeBuffer): ColumnData {
  const shapes = Int32Array.from(tensors.flatMap((tensor) => tensor.shape));
  const offsets = offsetsOf(tensors.map(lengthOf));
  if (type.dtype === "string") return { layout: "texts", items: encodeTexts(tensors.flatMap((tensor) => Array.from(tensor.data, String))), offsets, shapes };
  // All of it is written: what a buffer held before does not matter.
  const data = numbersIn(type.dtype, offsets[tensors.length], take);
  tensors.forEach((tensor, row) => {
    if (!fillDeferred(tensor, data.subarray(offsets[row], offsets[row + 1]))) copyElements(tensor.data, data, offsets[row]);
  });
  return isFixed(type) ? { layout: "fixed", data } : { layout: "ragged", data, offsets, shapes };
}

/** Copies all of `from`, which has the element type of `to`, to `to` from element `at` on. */
function copyElements(from: TensorData, to: NumericData, at: number): void {
  if (!("buffer" in from)) throw new Error("a numeric column got texts");
  new Uint8Array(to.buffer, to.byteOffset + at * to.BYTES_PER_ELEMENT, from.byteLength).set(new Uint8Array(from.buffer, from.byteOffset, from.byteLength));
}

function decodeFixed(type: TensorType, data: NumericData, count: number): readonly Tensor[] {
  const shape = type.shape.map((size) => size ?? 0);
  const width = elementCount(shape);
  return timesOf(count, (row) => ({ dtype: type.dtype, shape, data: slice(data, row * width, (row + 1) * width) }));
}

/** What `make` gives for 0 to count - 1. (`Array.from` goes through an iterator, and is ten times slower.) */
function timesOf<T>(count: number, make: (index: number) => T): T[] {
  const made: T[] = [];
  for (let index = 0; index < count; index++) made.push(make(index));
  return made;
}

function slice(data: NumericData, from: number, to: number): NumericData {
  return from === 0 && to === data.length ? data : data.subarray(from, to);
}

function shapeAt(type: ColumnType, shapes: Int32Array, row: number): readonly number[] {
  const rank = type.kind === "tensor" ? type.shape.length : 0;
  return Array.from(shapes.subarray(row * rank, (row + 1) * rank));
}

function isFixed(type: TensorType): boolean {
  return type.shape.every((size) => size !== null);
}

function allocateNumeric(dtype: Dtype, length: number): NumericData {
  const data = allocate(dtype, length);
  if (!("buffer" in data)) throw new Error("texts have a layout of their own");
  return data;
}

/** As `allocateNumeric`, but not zeroed. */
function numbersIn(dtype: Dtype, length: number, take: TakeBuffer): NumericData {
  const bytes = allocateNumeric(dtype, 0).BYTES_PER_ELEMENT * length;
  switch (dtype) {
    case "f32":
      return new Float32Array(take(bytes));
    case "u8":
    case "bool":
      return new Uint8Array(take(bytes));
    case "f16":
    case "bf16":
    case "u16":
      return new Uint16Array(take(bytes));
    case "i64":
      return new BigInt64Array(take(bytes));
    case "i32":
      return new Int32Array(take(bytes));
    default:
      return allocateNumeric(dtype, length);
  }
}

function ownBuffer(data: NumericData): ArrayBuffer {
  if (!(data.buffer instanceof ArrayBuffer)) throw new Error("a column's data must own its buffer");
  return data.buffer;
}

function dtypeOf(type: ColumnType): Dtype {
  if (type.kind === "scalar" || type.kind === "tensor") return type.dtype;
  throw new Error(`a column of ${type.kind} has no dtype`);
}

/** What stands in the place of a null: takes as little room as the layout allows. */
function emptyValue(type: ColumnType): Value {
  switch (type.kind) {
    case "scalar":
      return type.dtype === "bool" ? false : type.dtype === "i64" || type.dtype === "u64" ? 0n : 0;
    case "string":
      return "";
    case "bytes":
      return new Uint8Array(0);
    case "tensor": {
      const shape = type.shape.map((size) => size ?? 0);
      return { dtype: type.dtype, shape, data: allocate(type.dtype, elementCount(shape)) };
    }
    case "list":
      return [];
    case "record":
      return Object.fromEntries(type.fields.map((field) => [field.name, emptyValue(field.type)]));
    case "optional":
      return null;
  }
}

/** The value, which an earlier check let pass. */
function wanted<T extends Value>(fits: boolean, value: Value, type: ColumnType, name: string): T {
  if (!fits) throw new Error(`field ${name} ${findFault(type, value) ?? "does not fit its column"}`);
  return value as T;
}

function mismatch(type: ColumnType, column: ColumnData): never {
  throw new Error(`a column of ${type.kind} was laid out as ${column.layout}`);
}

function isTensorValue(value: Value): boolean {
  return value !== undefined && isTensor(value);
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isRecord(value: Value): boolean {
  return typeof value === "object" && value !== null && !isList(value) && !(value instanceof Uint8Array) && !isTensor(value);
}
