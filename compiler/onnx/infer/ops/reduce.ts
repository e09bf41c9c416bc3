/** Reductions over axes, and those that pick an index: ArgMax, TopK is in selection. */
import { dimOf, oneDim } from "../../../../language/tensor/dim.ts";
import { smallDims } from "../fold.ts";
import { countOf, indicesOf, positionOf } from "../known-value.ts";
import type { KnownValue } from "../known-value.ts";
import type { Shape } from "../inferred-type.ts";
import { axesFrom, axesIn, axisIn, dtypeOf, freshShape, intAttribute, lengthOf, shapeOf, tensor } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";
import { arithmetic } from "../scalar-arithmetic.ts";
import type { BinaryOp } from "../scalar-arithmetic.ts";
import type { MaybeScalar } from "../scalar.ts";

/** The shape after reducing `axes`. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  if (keepDims) return shape.map((dim, axis) => (axes.includes(axis) ? oneDim : dim));
  return shape.filter((_, axis) => !axes.includes(axis));
}

function reduceRule(op?: BinaryOp): Rule {
  return (ctx) => {
    const dtype = dtypeOf(ctx, 0);
    const shape = shapeOf(ctx, 0);
    const keepDims = intAttribute(ctx, "keepdims", 1) === 1;
    const axes = shape && reducedAxes(ctx, shape);
    if (axes === undefined) return [tensor(dtype, unknownReduction(ctx, shape, keepDims))];
    const result = reducedShape(shape ?? [], axes, keepDims);
    const dims = smallDims(result);
    const value = op && dims && smallDims(shape) && ctx.value(0);
    return [tensor(dtype, result, value && foldReduce(op, value, axes, dims, (a, b) => arithmetic(op, a, b, dtype)))];
  };
}

/** The axes to reduce; undefined if they are not known. */
function reducedAxes(ctx: RuleContext, shape: Shape): readonly number[] | undefined {
  const axes = axesFrom(ctx, 1);
  if (axes === undefined) return undefined;
  if (axes !== null && axes.length > 0) return axesIn(ctx, axes, shape.length);
  return intAttribute(ctx, "noop_with_empty_axes", 0) === 1 ? [] : shape.map((_, axis) => axis);
}

/** With axes only data decides, the rank is known at best. */
function unknownReduction(ctx: RuleContext, shape: Shape | undefined, keepDims: boolean): Shape | undefined {
  if (!shape) return undefined;
  if (keepDims) return freshShape(ctx, shape.length);
  const count = lengthOf(ctx, 1);
  return count === undefined || count === 0 ? undefined : freshShape(ctx, shape.length - count);
}

function foldReduce(
  op: BinaryOp,
  value: KnownValue,
  axes: readonly number[],
  dims: readonly number[],
  combine: (a: MaybeScalar, b: MaybeScalar) => MaybeScalar,
): KnownValue | undefined {
  const kept = value.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const slots: MaybeScalar[][] = Array.from({ length: countOf(kept) }, () => []);
  for (const [position, index] of indicesOf(value.dims).entries()) {
    const slot = positionOf(index.map((i, axis) => (axes.includes(axis) ? 0 : i)), kept);
    slots[slot].push(value.elements[position]);
  }
  // Of nothing, only sums and products of integers have a value without knowing the type's limits.
  const empty: MaybeScalar = op === "add" ? dimOf(0) : op === "mul" ? oneDim : undefined;
  return { dims, elements: slots.map((slot) => (slot.length === 0 ? empty : slot.reduce(combine))) };
}

const argReduce: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const axis = shape && axisIn(ctx, intAttribute(ctx, "axis", 0), shape.length);
  if (!shape || axis === undefined) return [tensor("i64", undefined)];
  return [tensor("i64", reducedShape(shape, [axis], intAttribute(ctx, "keepdims", 1) === 1))];
};

export const reduceRules: RuleTable = {
  ReduceSum: reduceRule("add"),
  ReduceProd: reduceRule("mul"),
  ReduceMax: reduceRule("max"),
  ReduceMin: reduceRule("min"),
  ReduceMean: reduceRule(),
  ReduceL1: reduceRule(),
  ReduceL2: reduceRule(),
  ReduceLogSum: reduceRule(),
  ReduceLogSumExp: reduceRule(),
  ReduceSumSquare: reduceRule(),
  ArgMax: argReduce,
  ArgMin: argReduce,
};
