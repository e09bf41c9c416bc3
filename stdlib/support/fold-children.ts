/**
 * Aggregates that fold numbers, or tensors element by element, over a parent's children. Children of one parent
 * have one shape; another shape is a row error. Floats fold in f64 and are rounded once at the end (scalars by the
 * step, which knows their dtype); a total that its dtype cannot hold is a row error.
 */
import { castScalar } from "../../runtime/contract/cast.ts";
import { RowError } from "../../runtime/contract/kernel.ts";
import type { AggregateKernel } from "../../runtime/contract/kernel.ts";
import { allocate, isTensor, readElement, writeElement } from "../../runtime/contract/tensor.ts";
import type { Dtype, Tensor, Value } from "../../runtime/contract/value.ts";

type Numeric = number | bigint;

export interface FoldState {
  readonly children: number;
  /** Undefined until the first child; one entry for a scalar. */
  readonly totals: readonly Numeric[] | undefined;
  readonly tensor: { readonly dtype: Dtype; readonly shape: readonly number[] } | undefined;
}

/** `fold(value, total)` takes each child after the first; `finish(total, children)` ends each element; `ofNothing` answers for no children. */
export function foldChildren(
  fold: (value: Numeric, total: Numeric) => Numeric,
  finish: (total: Numeric, children: number) => Numeric,
  ofNothing: () => Value,
): AggregateKernel<FoldState> {
  return {
    start: () => ({ children: 0, totals: undefined, tensor: undefined }),
    step: (state, value) => {
      const { numbers, tensor } = takeApart(value);
      if (state.totals === undefined) return { children: 1, totals: numbers, tensor };
      if (state.tensor?.shape.join() !== tensor?.shape.join()) {
        throw new RowError(`children of one parent have shapes [${state.tensor?.shape ?? ""}] and [${tensor?.shape ?? ""}]`);
      }
      const totals = state.totals.map((total, index) => fold(numbers[index], total));
      return { children: state.children + 1, totals, tensor };
    },
    finish: (state) => {
      if (state.totals === undefined) return ofNothing();
      const results = state.totals.map((total) => finish(total, state.children));
      return state.tensor === undefined ? results[0] : putTogether(state.tensor, results);
    },
  };
}

function takeApart(value: Value): { readonly numbers: readonly Numeric[]; readonly tensor: FoldState["tensor"] } {
  if (typeof value === "number" || typeof value === "bigint") return { numbers: [value], tensor: undefined };
  if (!isTensor(value)) throw new RowError("only numbers and tensors are aggregated");
  return { numbers: Array.from({ length: value.data.length }, (_, index) => toNumber(readElement(value, index))), tensor: value };
}

function toNumber(value: boolean | number | bigint | string): Numeric {
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw new RowError("only numbers and tensors are aggregated");
}

function putTogether(tensor: { readonly dtype: Dtype; readonly shape: readonly number[] }, numbers: readonly Numeric[]): Tensor {
  const data = allocate(tensor.dtype, numbers.length);
  numbers.forEach((value, index) => writeElement(tensor.dtype, data, index, castScalar(value, tensor.dtype)));
  return { dtype: tensor.dtype, shape: tensor.shape, data };
}
