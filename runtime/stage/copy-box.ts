/** Copies boxes between row-major arrays, by the longest runs that lie together in both. */
import type { TensorData } from "../contract/value.ts";

/** A box within an array: where its first element is, and how far apart neighbours along each axis are. */
export interface Box {
  readonly data: TensorData;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Copies a box of this shape. Both arrays are of one kind and do not overlap. */
export function copyBox(from: Box, to: Box, shape: readonly number[]): void {
  if (shape.some((size) => size === 0)) return;
  let axes = shape.length;
  let run = 1;
  while (axes > 0 && (shape[axes - 1] === 1 || (from.strides[axes - 1] === run && to.strides[axes - 1] === run))) run *= shape[--axes];
  copyAxis(from, to, shape.slice(0, axes), run, 0, from.offset, to.offset);
}

function copyAxis(from: Box, to: Box, shape: readonly number[], run: number, axis: number, source: number, target: number): void {
  if (axis === shape.length) return copyRun(from.data, source, to.data, target, run);
  for (let index = 0; index < shape[axis]; index++) {
    copyAxis(from, to, shape, run, axis + 1, source + index * from.strides[axis], target + index * to.strides[axis]);
  }
}

// Below this, a view costs more than the elements.
const viewMin = 16;

function copyRun(from: TensorData, source: number, to: TensorData, target: number, length: number): void {
  if (Array.isArray(from) && Array.isArray(to)) {
    for (let step = 0; step < length; step++) to[target + step] = from[source + step];
  } else if (isBig(from) && isBig(to)) {
    if (length < viewMin) for (let step = 0; step < length; step++) to[target + step] = from[source + step];
    else to.set(from.subarray(source, source + length), target);
  } else if (isSmall(from) && isSmall(to)) {
    if (length < viewMin) for (let step = 0; step < length; step++) to[target + step] = from[source + step];
    else to.set(from.subarray(source, source + length), target);
  } else throw new Error("a box is copied between arrays of different kinds");
}

type Big = BigInt64Array | BigUint64Array;

function isBig(data: TensorData): data is Big {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

function isSmall(data: TensorData): data is Exclude<TensorData, Big | string[]> {
  return !Array.isArray(data) && !isBig(data);
}

/** The strides of a dense row-major array of this shape. */
export function denseStrides(shape: readonly number[]): readonly number[] {
  const strides: number[] = new Array(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}
