/**
 * What numbers and tensors made by somebody else's code must be beyond their kind: a number that the dtype holds, elements
 * in the dtype's own array. What our operators give is so by construction and never asked.
 */
import { integerRange, roundFloat } from "./cast.ts";
import { isDeferred } from "./deferred-tensor.ts";
import { allocate } from "./tensor.ts";
import type { Dtype, Tensor } from "./value.ts";

/** True, false, or what is wrong with it. Infinity and NaN are floats; a number that would become infinite is none. */
export function fitsDtype(dtype: Dtype, value: number | bigint): boolean | string {
  const range = integerRange(dtype);
  if (range === undefined) return isHeld(dtype, Number(value)) || `is ${value}, which does not fit ${dtype}`;
  if (typeof value === "number" && !Number.isInteger(value)) return false;
  return (value >= range[0] && value <= range[1]) || `is ${value}, which does not fit ${dtype} (${range[0]} to ${range[1]})`;
}

function isHeld(dtype: Dtype, value: number): boolean {
  return !Number.isFinite(value) || Number.isFinite(roundFloat(value, dtype));
}

/** What is wrong with how a tensor that is to be of `dtype` is made, or undefined. Elements that are not made yet stay so. */
export function findTensorFault(dtype: Dtype, tensor: Tensor): string | undefined {
  const { shape } = tensor;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return `has the shape ${printShape(shape)}, and sizes are whole numbers from 0 on`;
  return tensor.dtype !== dtype || isDeferred(tensor) ? undefined : findDataFault(tensor);
}

function findDataFault({ dtype, data }: Tensor): string | undefined {
  const own = allocate(dtype, 0).constructor;
  // A Buffer is a Uint8Array.
  if (!(data instanceof own)) return `has its elements in ${kindOf(data)}, and those of ${dtype} are in ${own.name}`;
  if (Array.isArray(data)) return data.every((element) => typeof element === "string") ? undefined : "has elements that are no strings";
  const isOdd = dtype === "bool" && data instanceof Uint8Array && data.some((element) => element > 1);
  return isOdd ? "has elements other than 0 and 1, which are those of bool" : undefined;
}

function printShape(shape: unknown): string {
  return Array.isArray(shape) ? `[${shape.join(", ")}]` : kindOf(shape);
}

/** "Float32Array", "Array", "Null": also of what has no constructor. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
