/** Picking one element of each run along an axis, keeping the operand's dtype exactly. */
import { RowError } from "../../runtime/contract/kernel.ts";
import { allocate, readElement, writeElement } from "../../runtime/contract/tensor.ts";
import type { Tensor } from "../../runtime/contract/value.ts";
import { viewAll, viewAxis } from "./axis.ts";
import type { TensorOrScalar } from "./axis.ts";

/** The element of each run that `better` prefers to all others; of all elements where `axis` is null. */
export function pickAlongAxis(
  tensor: Tensor,
  axis: bigint | null,
  better: (value: number | bigint, best: number | bigint) => boolean,
  name: string,
): TensorOrScalar {
  const view = axis === null ? viewAll(tensor) : viewAxis(tensor, axis);
  if (view.length === 0) throw new RowError(`${name} of no elements has no value`);
  const shape = axis === null ? [] : tensor.shape.filter((_, index) => index !== view.axis);
  const data = allocate(tensor.dtype, view.outer * view.inner);
  for (let outer = 0; outer < view.outer; outer++) {
    for (let inner = 0; inner < view.inner; inner++) {
      const start = outer * view.length * view.inner + inner;
      let best = numberAt(tensor, start);
      for (let step = 1; step < view.length; step++) {
        const value = numberAt(tensor, start + step * view.inner);
        if (better(value, best)) best = value;
      }
      writeElement(tensor.dtype, data, outer * view.inner + inner, best);
    }
  }
  const result: Tensor = { dtype: tensor.dtype, shape, data };
  return shape.length === 0 ? numberAt(result, 0) : result;
}

function numberAt(tensor: Tensor, index: number): number | bigint {
  const value = readElement(tensor, index);
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw new RowError(`a ${tensor.dtype} tensor has no numbers`);
}
