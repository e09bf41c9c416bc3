/** Rows taken out of a batch's tensors. */
import { allocate, elementCount } from "../contract/tensor.ts";
import type { Tensor } from "../contract/value.ts";
import { copyBox, denseStrides } from "./copy-box.ts";

/** A tensor of the batch has no batch axis that anybody knows of. */
export class UncuttableBatch extends Error {
  override readonly name = "UncuttableBatch";
}

/** The tensors with only the rows at `positions` (which may repeat) along each one's batch axis; null: has no rows, goes whole. */
export function cutTensors(tensors: ReadonlyMap<string, Tensor>, batchAxes: Readonly<Record<string, number | null>>, positions: readonly number[]): ReadonlyMap<string, Tensor> {
  return new Map([...tensors].map(([name, tensor]) => {
    const axis = batchAxes[name];
    if (axis === undefined) throw new UncuttableBatch(`tensor ${name} cannot be cut into rows`);
    return [name, axis === null ? tensor : takeRows(tensor, axis, positions)];
  }));
}

function takeRows({ dtype, shape, data }: Tensor, axis: number, positions: readonly number[]): Tensor {
  const taken = shape.with(axis, positions.length);
  const made = allocate(dtype, elementCount(taken));
  const [from, to] = [denseStrides(shape), denseStrides(taken)];
  const row = shape.with(axis, 1);
  positions.forEach((position, at) => copyBox({ data, offset: position * from[axis], strides: from }, { data: made, offset: at * to[axis], strides: to }, row));
  return { dtype, shape: taken, data: made };
}
