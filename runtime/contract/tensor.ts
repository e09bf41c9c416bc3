/** Making and measuring tensors. A tensor's data always has exactly the product of its shape elements. */
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from "./float16.ts";
import { RowError } from "./kernel.ts";
import type { Dtype, Tensor, TensorData, Value } from "./value.ts";

export type NumericDtype = Exclude<Dtype, "string">;

/** A scalar as rows carry it: bool is boolean, i64 and u64 are bigint, the rest number. */
export type Scalar = boolean | number | bigint | string;

export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Fresh zeroed storage for `length` elements. */
export function allocate(dtype: Dtype, length: number): TensorData {
  switch (dtype) {
    case "f16":
    case "bf16":
    case "u16":
      return new Uint16Array(length);
    case "f32":
      return new Float32Array(length);
    case "f64":
      return new Float64Array(length);
    case "i8":
      return new Int8Array(length);
    case "i16":
      return new Int16Array(length);
    case "i32":
      return new Int32Array(length);
    case "i64":
      return new BigInt64Array(length);
    case "bool":
    case "u8":
      return new Uint8Array(length);
    case "u32":
      return new Uint32Array(length);
    case "u64":
      return new BigUint64Array(length);
    case "string":
      return new Array<string>(length).fill("");
  }
}

export function isTensor(value: Value): value is Tensor {
  return typeof value === "object" && value !== null && !Array.isArray(value) && "dtype" in value && "data" in value && "shape" in value;
}

/** Element `index` of a tensor as a row would carry it. */
export function readElement(tensor: Tensor, index: number): Scalar {
  const raw = tensor.data[index];
  switch (tensor.dtype) {
    case "f16":
      return f16ToNumber(Number(raw));
    case "bf16":
      return bf16ToNumber(Number(raw));
    case "bool":
      return raw !== 0;
    default:
      return raw;
  }
}

/** Writes a scalar that already is of the tensor's dtype. */
export function writeElement(dtype: Dtype, data: TensorData, index: number, value: Scalar): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = BigInt(value);
  else if (Array.isArray(data)) data[index] = String(value);
  else if (dtype === "f16") data[index] = numberToF16(Number(value));
  else if (dtype === "bf16") data[index] = numberToBf16(Number(value));
  else data[index] = Number(value);
}

/**
 * A tensor from scalars or equal-shaped tensors, one per leading index: the meaning of a list literal such as
 * `[.age]`. An empty list has shape [0].
 */
export function stack(dtype: Dtype, items: readonly (Scalar | Tensor)[]): Tensor {
  const first = items[0];
  if (first === undefined || typeof first !== "object") {
    const data = allocate(dtype, items.length);
    items.forEach((item, index) => {
      if (typeof item === "object") throw new RowError("cannot put scalars and tensors into one list");
      writeElement(dtype, data, index, item);
    });
    return { dtype, shape: [items.length], data };
  }
  const size = elementCount(first.shape);
  const data = allocate(dtype, items.length * size);
  items.forEach((item, index) => {
    if (typeof item !== "object" || item.shape.join() !== first.shape.join()) {
      throw new RowError(`cannot stack values of different shapes: [${first.shape}] and ${typeof item === "object" ? `[${item.shape}]` : "a scalar"}`);
    }
    for (let element = 0; element < size; element++) writeElement(dtype, data, index * size + element, readElement(item, element));
  });
  return { dtype, shape: [items.length, ...first.shape], data };
}

/** The same elements, row-major, under another shape of equal size. */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  if (elementCount(shape) !== elementCount(tensor.shape)) {
    throw new RowError(`cannot see a tensor of shape [${tensor.shape}] as [${shape}]`);
  }
  return { dtype: tensor.dtype, shape, data: tensor.data };
}
