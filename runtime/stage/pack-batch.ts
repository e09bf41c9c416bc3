/** Rows stacked into a batch tensor, and a batch's results taken apart. Row-major throughout. */
import { allocate, elementCount, isTensor, readElement, writeElement } from "../contract/tensor.ts";
import type { Dtype, Tensor, TensorData, Value } from "../contract/value.ts";

export interface PackPort {
  readonly dtype: Dtype;
  /** A row's shape, padded. */
  readonly shape: readonly number[];
  readonly batchAxis: number;
  readonly fill: number;
}

/** One tensor with the rows along `batchAxis`; what a row's value does not cover holds `fill`. */
export function packRows(port: PackPort, values: readonly Value[]): Tensor {
  const { dtype, shape, batchAxis } = port;
  const full = [...shape.slice(0, batchAxis), values.length, ...shape.slice(batchAxis)];
  const elements = elementCount(shape);
  const together = batchAxis === 0 ? viewTogether(values, shape, elements) : undefined;
  if (together !== undefined) return { dtype, shape: full, data: together };
  const data = allocate(dtype, elements * values.length);
  if (port.fill !== 0) fillAll(dtype, data, port.fill);
  const inner = elementCount(shape.slice(batchAxis));
  values.forEach((value, row) => {
    if (isTensorValue(value)) copyRegion(value.data, value.shape, data, shape, value.shape, (offset) => placeOf(offset, inner, values.length, row));
    else writeElement(dtype, data, row, scalarOf(value));
  });
  return { dtype, shape: full, data };
}

/** Element `offset` of row `row`, once the rows are interleaved in runs of `inner`. */
function placeOf(offset: number, inner: number, rows: number, row: number): number {
  return (Math.floor(offset / inner) * rows + row) * inner + (offset % inner);
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
 * rows, all of it is meant.
 */
export function unpackRow(tensor: Tensor, batchAxis: number | undefined, row: number, shape: readonly number[]): Value {
  const rowShape = batchAxis === undefined ? tensor.shape : tensor.shape.filter((_, axis) => axis !== batchAxis);
  const rows = batchAxis === undefined ? 1 : tensor.shape[batchAxis];
  const inner = elementCount(rowShape.slice(batchAxis ?? 0));
  if (shape.length === 0) return readElement(tensor, row);
  const elements = elementCount(shape);
  if ((batchAxis ?? 0) === 0 && elements === elementCount(rowShape)) {
    return { dtype: tensor.dtype, shape, data: sliceData(tensor.data, row * elements, (row + 1) * elements) };
  }
  const data = allocate(tensor.dtype, elements);
  const gathered = gather(tensor.data, (offset) => placeOf(offset, inner, rows, row), elementCount(rowShape), tensor.dtype);
  copyRegion(gathered, rowShape, data, shape, shape, (offset) => offset);
  return { dtype: tensor.dtype, shape, data };
}

function gather(data: TensorData, place: (offset: number) => number, elements: number, dtype: Dtype): TensorData {
  const out = allocate(dtype, elements);
  for (let offset = 0; offset < elements; offset++) copyElement(data, place(offset), out, offset);
  return out;
}

/**
 * Copies the leading `region` of a row-major array of shape `fromShape` to the leading region of one of shape
 * `toShape`; `place` maps the latter's offsets to where they are stored. Whole runs of the last axis at a time.
 */
function copyRegion(
  from: TensorData, fromShape: readonly number[], to: TensorData, toShape: readonly number[], region: readonly number[], place: (offset: number) => number,
): void {
  const run = region.length === 0 ? 1 : region[region.length - 1];
  const runs = elementCount(region.slice(0, -1));
  const [fromStrides, toStrides] = [stridesOf(fromShape), stridesOf(toShape)];
  const index = region.map(() => 0);
  for (let count = 0; count < runs && run > 0; count++) {
    const source = dot(index, fromStrides);
    const target = dot(index, toStrides);
    for (let step = 0; step < run; step++) copyElement(from, source + step, to, place(target + step));
    advance(index, region);
  }
}

function stridesOf(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
}

function dot(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, position, axis) => sum + position * strides[axis], 0);
}

/** The next index with the last axis left at 0. */
function advance(index: number[], region: readonly number[]): void {
  for (let axis = region.length - 2; axis >= 0; axis--) {
    index[axis]++;
    if (index[axis] < region[axis]) return;
    index[axis] = 0;
  }
}

function copyElement(from: TensorData, source: number, to: TensorData, target: number): void {
  const value = from[source];
  if (isTexts(to)) to[target] = String(value);
  else if (to instanceof BigInt64Array || to instanceof BigUint64Array) to[target] = BigInt(value);
  else to[target] = Number(value);
}

function isTexts(data: TensorData): data is string[] {
  return Array.isArray(data);
}

function sliceData(data: TensorData, from: number, to: number): TensorData {
  return "subarray" in data ? data.subarray(from, to) : data.slice(from, to);
}

function fillAll(dtype: Dtype, data: TensorData, fill: number): void {
  for (let index = 0; index < data.length; index++) writeElement(dtype, data, index, fill);
}

function scalarOf(value: Value): boolean | number | bigint | string {
  if (typeof value === "object") throw new Error("a model input is neither a tensor nor a scalar");
  return value;
}

function isTensorValue(value: Value): value is Tensor {
  return typeof value === "object" && value !== null && isTensor(value);
}
