/**
 * Tensors whose values are known, in part or in full, while compiling: shapes being computed, axes, pads, small
 * constants. Dense and row-major, at most `knownElementsMax` elements.
 */
import { dimOf } from "../../../language/tensor/dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import type { ElemType } from "../elem-types.ts";
import type { TensorValues } from "../read-tensor.ts";
import { isInteger, isIntegerType } from "./scalar.ts";
import type { MaybeScalar } from "./scalar.ts";

export interface KnownValue {
  readonly dims: readonly number[];
  /** `undefined` where an element is not known. */
  readonly elements: readonly MaybeScalar[];
}

/** Larger tensors are not read and not computed with. */
export const knownElementsMax = 256;

/** The number of elements of a tensor with these dimensions. */
export function countOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** A rank-0 tensor. */
export function scalarValue(element: MaybeScalar): KnownValue {
  return { dims: [], elements: [element] };
}

/** A rank-1 tensor. */
export function vectorValue(elements: readonly MaybeScalar[]): KnownValue {
  return { dims: [elements.length], elements };
}

/** A rank-1 tensor of integers. */
export function intsValue(values: readonly number[]): KnownValue {
  return vectorValue(values.map((value) => dimOf(value)));
}

/** Values as read from a file. */
export function valueOfTensor(values: TensorValues, dtype: ElemType, dims: readonly number[]): KnownValue {
  switch (values.kind) {
    case "bigints":
      return { dims, elements: values.values.map((value) => dimOf(value)) };
    case "strings":
      return { dims, elements: values.values };
    case "numbers":
      if (dtype === "bool") return { dims, elements: values.values.map((value) => value !== 0) };
      return { dims, elements: isIntegerType(dtype) ? values.values.map((value) => dimOf(value)) : values.values };
  }
}

/** Whether anything at all is known. */
export function knowsSomething(value: KnownValue): boolean {
  return value.elements.length === 0 || value.elements.some((element) => element !== undefined);
}

/** The elements as dimensions, `undefined` where unknown. */
export function dimElements(value: KnownValue): readonly (Dim | undefined)[] {
  return value.elements.map((element) => (isInteger(element) ? element : undefined));
}

/** A value whose element at each position comes from the position `source` gives. */
export function rearrange(value: KnownValue, dims: readonly number[], source: (index: readonly number[]) => number): KnownValue | undefined {
  if (countOf(dims) > knownElementsMax) return undefined;
  return { dims, elements: indicesOf(dims).map((index) => value.elements[source(index)]) };
}

/** All indices of a tensor, in row-major order. */
export function indicesOf(dims: readonly number[]): readonly (readonly number[])[] {
  if (countOf(dims) === 0) return [];
  let indices: readonly (readonly number[])[] = [[]];
  for (const dim of dims) indices = indices.flatMap((index) => Array.from({ length: dim }, (_, i) => [...index, i]));
  return indices;
}

/** The row-major position of an index; axes beyond the dims are ignored. */
export function positionOf(index: readonly number[], dims: readonly number[]): number {
  return dims.reduce((position, dim, axis) => position * dim + (index[axis] ?? 0), 0);
}

/** The dims of two tensors broadcast together, or undefined if they do not fit. */
export function broadcastDims(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const dims: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    dims.push(x === 1 ? y : x);
  }
  return dims;
}

/** The value expanded to `dims`, which it must broadcast to. */
export function expandTo(value: KnownValue, dims: readonly number[]): KnownValue | undefined {
  const offset = dims.length - value.dims.length;
  return rearrange(value, dims, (index) => positionOf(value.dims.map((dim, axis) => (dim === 1 ? 0 : index[axis + offset])), value.dims));
}

/** Applies `combine` to the elements of values broadcast together. */
export function combineValues(values: readonly KnownValue[], combine: (elements: readonly MaybeScalar[]) => MaybeScalar): KnownValue | undefined {
  let dims: readonly number[] | undefined = [];
  for (const value of values) dims = dims && broadcastDims(dims, value.dims);
  if (!dims || countOf(dims) > knownElementsMax) return undefined;
  const shape = dims;
  const expanded = values.map((value) => (value.dims.length === shape.length && countOf(value.dims) === countOf(shape) ? value : expandTo(value, shape)));
  const elements = Array.from({ length: countOf(shape) }, (_, i) => combine(expanded.map((value) => value?.elements[i])));
  return { dims: shape, elements };
}

/** Applies `change` to each element. */
export function mapValue(value: KnownValue, change: (element: MaybeScalar) => MaybeScalar): KnownValue {
  return { dims: value.dims, elements: value.elements.map(change) };
}
