/** Rows stacked into a batch tensor, and a batch's results taken apart. Row-major throughout. */
import { allocate, elementCount, isTensor, readElement, writeElement } from "../contract/tensor.ts";
import type { Dtype, Tensor, TensorData, Value } from "../contract/value.ts";
import { copyBox, denseStrides } from "./copy-box.ts";

export interface PackPort {
  readonly dtype: Dtype;
  /** A row's shape, padded. */
  readonly shape: readonly number[];
  readonly batchAxis: number;
  readonly fill: number;
}

/** One tensor with the rows along `batchAxis`; what a row's value does not cover holds `fill`. Each row is copied once. */
export function packRows(port: PackPort, values: readonly Value[]): Tensor {
  const { dtype, shape, batchAxis } = port;
  for (const value of values) if (isTensorValue(value) && value.dtype !== dtype) throw new Error(`a tensor of ${value.dtype} is packed as ${dtype}`);
  const full = [...shape.slice(0, batchAxis), values.length, ...shape.slice(batchAxis)];
  const elements = elementCount(shape);
  const together = batchAxis === 0 ? viewTogether(values, shape, elements) : undefined;
  if (together !== undefined) return { dtype, shape: full, data: together };
  const data = allocate(dtype, elements * values.length);
  if (port.fill !== 0 && values.some((value) => isTensorValue(value) && value.data.length < elements)) fillAll(dtype, data, port.fill);
  const strides = denseStrides(full);
  const rowStrides = strides.toSpliced(batchAxis, 1);
  values.forEach((value, row) => {
    const offset = row * strides[batchAxis];
    if (!isTensorValue(value)) writeElement(dtype, data, offset, scalarOf(value));
    else copyBox({ data: value.data, offset: 0, strides: denseStrides(value.shape) }, { data, offset, strides: rowStrides }, value.shape);
  });
  return { dtype, shape: full, data };
}

/** Rows that already lie end to end in one buffer need no copy: chunks arrive that way. */
function viewTogether(values: readonly Value[], shape: readonly number[], elements: number): TensorData | undefined {
  const [first] = values;
  if (!isTensorValue(first) || Array.isArray(first.data) || !("buffer" in first.data)) return undefined;
  const { buffer, byteOffset, BYTES_PER_ELEMENT } = first.data;
  const inRow = values.every((value, row) => {
    if (!isTensorValue(value) || !("buffer" in value.data)) return false;
    const fits = value.data.buffer === buffer && value.data.byteOffset === byteOffset + row * elements * BYTES_PER_ELEMENT;
    return fits && value.data.length === elements && value.shape.length === shape.length && value.shape.every((size, axis) => size === shape[axis]);
  });
  return inRow ? viewLike(first.data, elements * values.length) : undefined;
}

/** A view of the same kind from the same place on, of `length` elements. */
function viewLike(data: Exclude<TensorData, readonly string[]>, length: number): TensorData {
  const { buffer, byteOffset } = data;
  if (data instanceof Float32Array) return new Float32Array(buffer, byteOffset, length);
  if (data instanceof Float64Array) return new Float64Array(buffer, byteOffset, length);
  if (data instanceof Int8Array) return new Int8Array(buffer, byteOffset, length);
  if (data instanceof Int16Array) return new Int16Array(buffer, byteOffset, length);
  if (data instanceof Int32Array) return new Int32Array(buffer, byteOffset, length);
  if (data instanceof BigInt64Array) return new BigInt64Array(buffer, byteOffset, length);
  if (data instanceof Uint16Array) return new Uint16Array(buffer, byteOffset, length);
  if (data instanceof Uint32Array) return new Uint32Array(buffer, byteOffset, length);
  if (data instanceof BigUint64Array) return new BigUint64Array(buffer, byteOffset, length);
  return new Uint8Array(buffer, byteOffset, length);
}

/**
 * Row `row` of a batch tensor, cut down to `shape`: rank 0 gives a scalar. `batchAxis` undefined: the tensor has no
 * rows, all of it is meant. Where the row lies together it is a view of the tensor.
 */
export function unpackRow(tensor: Tensor, batchAxis: number | undefined, row: number, shape: readonly number[]): Value {
  const strides = denseStrides(tensor.shape);
  const offset = batchAxis === undefined ? 0 : row * strides[batchAxis];
  if (shape.length === 0) return readElement(tensor, offset);
  const { dtype } = tensor;
  const rowStrides = batchAxis === undefined ? strides : strides.toSpliced(batchAxis, 1);
  const elements = elementCount(shape);
  const dense = denseStrides(shape);
  if (shape.every((size, axis) => size <= 1 || rowStrides[axis] === dense[axis])) {
    return { dtype, shape, data: sliceData(tensor.data, offset, offset + elements) };
  }
  const data = allocate(dtype, elements);
  copyBox({ data: tensor.data, offset, strides: rowStrides }, { data, offset: 0, strides: dense }, shape);
  return { dtype, shape, data };
}

function isTexts(data: TensorData): data is string[] {
  return Array.isArray(data);
}

function sliceData(data: TensorData, from: number, to: number): TensorData {
  return "subarray" in data ? data.subarray(from, to) : data.slice(from, to);
}

function fillAll(dtype: Dtype, data: TensorData, fill: number): void {
  if (data.length === 0) return;
  writeElement(dtype, data, 0, fill);
  if (isTexts(data)) data.fill(data[0]);
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(data[0]);
  else data.fill(data[0]);
}

function scalarOf(value: Value): boolean | number | bigint | string {
  if (typeof value === "object") throw new Error("a model input is neither a tensor nor a scalar");
  return value;
}

function isTensorValue(value: Value): value is Tensor {
  return typeof value === "object" && value !== null && isTensor(value);
}
