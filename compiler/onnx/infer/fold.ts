/** Computing small values inside rules: only where the result is small, so that no weight is read in vain. */
import { dimNumber } from "../../../language/tensor/dim.ts";
import type { Shape } from "./inferred-type.ts";
import { combineValues, countOf, knownElementsMax } from "./known-value.ts";
import type { KnownValue } from "./known-value.ts";
import type { RuleContext } from "./rule.ts";
import type { MaybeScalar } from "./scalar.ts";

/** The dims of a shape that is constant and small enough to compute with. */
export function smallDims(shape: Shape | undefined): readonly number[] | undefined {
  if (!shape) return undefined;
  const dims: number[] = [];
  for (const dim of shape) {
    const value = dimNumber(dim);
    if (value === undefined || value < 0) return undefined;
    dims.push(value);
  }
  return countOf(dims) <= knownElementsMax ? dims : undefined;
}

/** The value of an elementwise operator over the first `count` inputs, or undefined. */
export function foldElementwise(
  ctx: RuleContext,
  shape: Shape | undefined,
  count: number,
  combine: (elements: readonly MaybeScalar[]) => MaybeScalar,
): KnownValue | undefined {
  if (count === 0 || !smallDims(shape)) return undefined;
  const values: KnownValue[] = [];
  for (let i = 0; i < count; i++) {
    const value = ctx.value(i);
    if (!value) return undefined;
    values.push(value);
  }
  return combineValues(values, combine);
}
