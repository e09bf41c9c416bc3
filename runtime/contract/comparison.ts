/**
 * Equality, order and membership. Scalars compare as numbers do (NaN equals nothing), strings by code units,
 * everything else by structure. An ordering of tensors is elementwise and gives a bool tensor.
 */
import { RowError } from "./kernel.ts";
import { isTensor, readElement } from "./tensor.ts";
import type { Scalar } from "./tensor.ts";
import type { Tensor, Value } from "./value.ts";

/** Whether two values of one type are equal, deeply: tensors of other shapes are not. */
export function equal(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return scalarsEqual(left, right);
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0;
  if (isTensor(left)) return isTensor(right) && tensorsEqual(left, right);
  if (isList(left)) return isList(right) && left.length === right.length && left.every((item, index) => equal(item, right[index]));
  if (right instanceof Uint8Array || isTensor(right) || isList(right)) return false;
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => name in right && equal(left[name], right[name]));
}

/** int literals may meet i64 values: 3 and 3n are the same number. */
function scalarsEqual(left: Value, right: Value): boolean {
  const numeric = (value: Value): boolean => typeof value === "number" || typeof value === "bigint";
  // Loose equality between number and bigint is exact in JavaScript.
  return numeric(left) && numeric(right) && left == right;
}

function tensorsEqual(left: Tensor, right: Tensor): boolean {
  if (left.dtype !== right.dtype || left.shape.join() !== right.shape.join()) return false;
  for (let index = 0; index < left.data.length; index++) {
    if (readElement(left, index) !== readElement(right, index)) return false;
  }
  return true;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function less<A extends Scalar | Tensor, B extends Scalar | Tensor>(left: A, right: B): A extends Tensor ? Tensor : B extends Tensor ? Tensor : boolean;
export function less(left: Scalar | Tensor, right: Scalar | Tensor): boolean | Tensor {
  return compare(left, right, (a, b) => a < b);
}

export function lessEqual<A extends Scalar | Tensor, B extends Scalar | Tensor>(left: A, right: B): A extends Tensor ? Tensor : B extends Tensor ? Tensor : boolean;
export function lessEqual(left: Scalar | Tensor, right: Scalar | Tensor): boolean | Tensor {
  return compare(left, right, (a, b) => a <= b);
}

function compare(left: Scalar | Tensor, right: Scalar | Tensor, holds: (a: Scalar, b: Scalar) => boolean): boolean | Tensor {
  if (typeof left !== "object" && typeof right !== "object") return holds(left, right);
  const model = typeof left === "object" ? left : typeof right === "object" ? right : undefined;
  if (model === undefined) throw new RowError("nothing to compare");
  if (typeof left === "object" && typeof right === "object" && left.shape.join() !== right.shape.join()) {
    throw new RowError(`cannot compare shapes [${left.shape}] and [${right.shape}]`);
  }
  const data = new Uint8Array(model.data.length);
  for (let index = 0; index < data.length; index++) {
    const a = typeof left === "object" ? readElement(left, index) : left;
    const b = typeof right === "object" ? readElement(right, index) : right;
    data[index] = holds(a, b) ? 1 : 0;
  }
  return { dtype: "bool", shape: model.shape, data };
}

/** A table or a list of values that `in` searches. */
export interface Searchable {
  readonly has: (key: Value) => boolean;
}

/** `item in list`, `item in table`, `substring in string`. */
export function contains(item: Value, whole: readonly Value[] | Searchable | string): boolean {
  if (typeof whole === "string") return typeof item === "string" && whole.includes(item);
  if ("has" in whole) return whole.has(item);
  return whole.some((candidate) => equal(item, candidate));
}
