/**
 * Multidirectional broadcasting of symbolic shapes. Two dimensions that are not known to be equal broadcast to their
 * maximum, which is right whenever both are at least 1: either one of them is 1, or they are equal.
 */
import { constantOf, maxDims } from "../../../language/tensor/dim.ts";
import { proveLessEqual } from "../../../language/tensor/bound-dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { printDim, printShape } from "../../../language/tensor/print-dim.ts";
import type { Shape } from "./inferred-type.ts";
import { isLongDim } from "./rule.ts";
import type { RuleContext } from "./rule.ts";

/** The shape of shapes broadcast together; undefined if one is unknown. Shapes that cannot fit are a problem. */
export function broadcastShapes(ctx: RuleContext, shapes: readonly (Shape | undefined)[]): Shape | undefined {
  let result: Shape = [];
  for (const shape of shapes) {
    if (!shape) return undefined;
    result = broadcastTwo(ctx, result, shape);
  }
  return result;
}

function broadcastTwo(ctx: RuleContext, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i];
    const y = b[b.length - rank + i];
    if (!x || !y) return x ?? y;
    const dim = broadcastDim(x, y);
    if (dim) return isLongDim(dim) ? ctx.fresh() : dim;
    ctx.problem(`shapes ${printShape(a)} and ${printShape(b)} cannot be broadcast together (${printDim(x)} against ${printDim(y)})`);
    return x;
  });
}

/** One dimension of two shapes broadcast together; undefined if they cannot fit. */
export function broadcastDim(a: Dim, b: Dim): Dim | undefined {
  if (a.key === b.key) return a;
  const [x, y] = [constantOf(a), constantOf(b)];
  if (x === 1n) return b;
  if (y === 1n) return a;
  if (x !== undefined && y !== undefined) return undefined;
  if (x !== undefined) return a;
  if (y !== undefined) return b;
  if (proveLessEqual(a, b, noBounds)) return b;
  return proveLessEqual(b, a, noBounds) ? a : maxDims(a, b);
}

const noBounds = new Map<string, never>();
