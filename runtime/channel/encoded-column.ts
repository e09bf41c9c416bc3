/**
 * Columns in Arrow's layout: plain buffers that can be transferred between threads. Fixed-width values lie side
 * by side; strings, bytes, lists and tensors of varying shape have offsets; optional columns hold only the values
 * that are there, beside a byte for each row that says so.
 */
import type { Column, ColumnType } from "../contract/column.ts";
import { allocate, elementCount, isTensor, readElement, writeElement } from "../contract/tensor.ts";
import type { Dtype, Row, Tensor, TensorData, Value } from "../contract/value.ts";

export type EncodedColumn =
  | { readonly kind: "fixed"; readonly data: TensorData }
  | { readonly kind: "variable"; readonly offsets: Float64Array; readonly data: Uint8Array }
  | { readonly kind: "tensor"; readonly data: TensorData; readonly shapes: Int32Array | undefined }
  | { readonly kind: "list"; readonly offsets: Float64Array; readonly items: EncodedColumn }
  | { readonly kind: "record"; readonly fields: readonly EncodedColumn[] }
  | { readonly kind: "optional"; readonly present: Uint8Array; readonly values: EncodedColumn };

export function encodeColumns(rows: readonly Row[], columns: readonly Column[]): readonly EncodedColumn[] {
  return columns.map((column) => encodeColumn(rows.map((row) => row[column.name]), column.type, column.name));
}

/** A value of another kind than the schema says is our own bug: kernels' results were checked before. */
function encodeColumn(values: readonly Value[], type: ColumnType, name: string): EncodedColumn {
  switch (type.kind) {
    case "scalar":
      return { kind: "fixed", data: encodeScalars(values, type.dtype, name) };
    case "string":
      return encodeVariable(values.map((value) => utf8.encode(expectKind(typeof value === "string" ? value : undefined, name, "a string"))));
    case "bytes":
      return encodeVariable(values.map((value) => expectKind(value instanceof Uint8Array ? value : undefined, name, "bytes")));
    case "tensor":
      return encodeTensors(values.map((value) => expectKind(isTensor(value) ? value : undefined, name, "a tensor")), type);
    case "list": {
      const lists = values.map((value) => expectKind(isList(value) ? value : undefined, name, "a list"));
      return { kind: "list", offsets: offsetsOf(lists.map((list) => list.length)), items: encodeColumn(lists.flat(), type.element, `${name}[]`) };
    }
    case "record": {
      const records = values.map((value) => expectKind(isRecord(value) ? value : undefined, name, "a record"));
      return { kind: "record", fields: type.fields.map((field) => encodeColumn(records.map((record) => record[field.name]), field.type, `${name}.${field.name}`)) };
    }
    case "optional":
      return {
        kind: "optional",
        present: Uint8Array.from(values, (value) => (value === null ? 0 : 1)),
        values: encodeColumn(values.filter((value) => value !== null), type.inner, name),
      };
  }
}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

function expectKind<T>(value: T | undefined, name: string, wanted: string): T {
  if (value === undefined) throw new TypeError(`column ${name} holds something that is not ${wanted}`);
  return value;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isRecord(value: Value): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !isTensor(value);
}

function encodeScalars(values: readonly Value[], dtype: Dtype, name: string): TensorData {
  const data = allocate(dtype, values.length);
  values.forEach((value, index) => {
    if (typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean") throw new TypeError(`column ${name} holds something that is not ${dtype}`);
    writeElement(dtype, data, index, value);
  });
  return data;
}

function encodeVariable(parts: readonly Uint8Array[]): EncodedColumn {
  const offsets = offsetsOf(parts.map((part) => part.byteLength));
  const data = new Uint8Array(offsets[parts.length]);
  parts.forEach((part, index) => data.set(part, offsets[index]));
  return { kind: "variable", offsets, data };
}

function offsetsOf(lengths: readonly number[]): Float64Array {
  const offsets = new Float64Array(lengths.length + 1);
  lengths.forEach((length, index) => (offsets[index + 1] = offsets[index] + length));
  return offsets;
}

function encodeTensors(tensors: readonly Tensor[], type: Extract<ColumnType, { kind: "tensor" }>): EncodedColumn {
  const fixed = type.shape.every((size) => size !== null);
  const total = tensors.reduce((sum, tensor) => sum + tensor.data.length, 0);
  const data = allocate(type.dtype, total);
  let offset = 0;
  for (const tensor of tensors) {
    copyInto(data, tensor, offset);
    offset += tensor.data.length;
  }
  const rank = type.shape.length;
  const shapes = fixed ? undefined : new Int32Array(tensors.length * rank);
  tensors.forEach((tensor, index) => shapes?.set(tensor.shape, index * rank));
  return { kind: "tensor", data, shapes };
}

function copyInto(data: TensorData, tensor: Tensor, offset: number): void {
  const from = tensor.data;
  if (data instanceof BigInt64Array && from instanceof BigInt64Array) data.set(from, offset);
  else if (data instanceof BigUint64Array && from instanceof BigUint64Array) data.set(from, offset);
  else if (isNumberArray(data) && isNumberArray(from)) data.set(from, offset);
  else for (let index = 0; index < from.length; index++) writeElement(tensor.dtype, data, offset + index, readElement(tensor, index));
}

type NumberArray = Exclude<TensorData, BigInt64Array | BigUint64Array | string[]>;

function isNumberArray(data: TensorData): data is NumberArray {
  return !Array.isArray(data) && !(data instanceof BigInt64Array) && !(data instanceof BigUint64Array);
}

/** Rows whose tensors and bytes are views into the columns: nothing is copied but strings. */
export function decodeColumns(encoded: readonly EncodedColumn[], columns: readonly Column[], count: number): readonly Row[] {
  const values = columns.map((column, index) => decodeColumn(encoded[index], column.type, count));
  return Array.from({ length: count }, (_, row) => Object.fromEntries(columns.map((column, index) => [column.name, values[index][row]])));
}

function decodeColumn(encoded: EncodedColumn, type: ColumnType, count: number): readonly Value[] {
  switch (encoded.kind) {
    case "fixed": {
      const dtype = type.kind === "scalar" ? type.dtype : "f64";
      const tensor: Tensor = { dtype, shape: [count], data: encoded.data };
      return Array.from({ length: count }, (_, index) => readElement(tensor, index));
    }
    case "variable": {
      const part = (index: number) => encoded.data.subarray(encoded.offsets[index], encoded.offsets[index + 1]);
      return Array.from({ length: count }, (_, index) => (type.kind === "string" ? fromUtf8.decode(part(index)) : part(index)));
    }
    case "tensor":
      return type.kind === "tensor" ? decodeTensors(encoded, type, count) : [];
    case "list": {
      const items = decodeColumn(encoded.items, type.kind === "list" ? type.element : type, encoded.offsets[count]);
      return Array.from({ length: count }, (_, index) => items.slice(encoded.offsets[index], encoded.offsets[index + 1]));
    }
    case "record": {
      const fields = type.kind === "record" ? type.fields : [];
      const columns = fields.map((field, index) => decodeColumn(encoded.fields[index], field.type, count));
      return Array.from({ length: count }, (_, row) => Object.fromEntries(fields.map((field, index) => [field.name, columns[index][row]])));
    }
    case "optional": {
      const present = encoded.present.reduce((sum, flag) => sum + flag, 0);
      const values = decodeColumn(encoded.values, type.kind === "optional" ? type.inner : type, present);
      let next = 0;
      return Array.from(encoded.present, (flag) => (flag === 1 ? values[next++] : null));
    }
  }
}

function decodeTensors(encoded: Extract<EncodedColumn, { kind: "tensor" }>, type: Extract<ColumnType, { kind: "tensor" }>, count: number): readonly Tensor[] {
  const rank = type.shape.length;
  let offset = 0;
  return Array.from({ length: count }, (_, index) => {
    const shape = encoded.shapes === undefined ? type.shape.map((size) => size ?? 0) : Array.from(encoded.shapes.subarray(index * rank, (index + 1) * rank));
    const size = elementCount(shape);
    const data = Array.isArray(encoded.data) ? encoded.data.slice(offset, offset + size) : encoded.data.subarray(offset, offset + size);
    offset += size;
    return { dtype: type.dtype, shape, data };
  });
}

/** The buffers to hand over when columns are posted to another thread; each is listed once. */
export function transferablesOf(encoded: readonly EncodedColumn[]): readonly ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (column: EncodedColumn): void => {
    switch (column.kind) {
      case "fixed":
        return addBuffer(found, column.data);
      case "variable":
        addBuffer(found, column.offsets);
        return addBuffer(found, column.data);
      case "tensor":
        addBuffer(found, column.data);
        return column.shapes === undefined ? undefined : addBuffer(found, column.shapes);
      case "list":
        addBuffer(found, column.offsets);
        return visit(column.items);
      case "record":
        return column.fields.forEach(visit);
      case "optional":
        addBuffer(found, column.present);
        return visit(column.values);
    }
  };
  encoded.forEach(visit);
  return [...found];
}

function addBuffer(found: Set<ArrayBuffer>, data: TensorData): void {
  if (!Array.isArray(data) && data.buffer instanceof ArrayBuffer) found.add(data.buffer);
}

/** Bytes of all buffers, and of strings in string tensors. */
export function bytesOfColumns(encoded: readonly EncodedColumn[]): number {
  return transferablesOf(encoded).reduce((sum, buffer) => sum + buffer.byteLength, 0);
}
