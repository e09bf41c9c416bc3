/** Operators that read or make shapes: Shape, Size, Reshape, Expand, Squeeze, Unsqueeze, Flatten, Tile, ConstantOfShape. */
import { constantOf, dimNumber, dimOf, divideDims, floorDivDim, maxDims, mulDims, oneDim } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { printShape } from "../../../../language/tensor/print-dim.ts";
import { broadcastDim } from "../broadcast.ts";
import { smallDims } from "../fold.ts";
import { rankMax } from "../inferred-type.ts";
import type { Shape } from "../inferred-type.ts";
import { countOf, expandTo, knownElementsMax, positionOf, rearrange, scalarValue, vectorValue } from "../known-value.ts";
import type { KnownValue } from "../known-value.ts";
import {
  axesFrom, axesIn, axisIn, dimsOf, dtypeOf, freshShape, intAttribute, intsAttribute, knownDims, lengthOf, productOf, productOrFresh, shapeOf, tensor,
} from "../rule.ts";
import type { Output, Rule, RuleContext, RuleTable } from "../rule.ts";

const shape: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  if (!input) return [tensor("i64", [ctx.fresh()])];
  const clamp = (i: number): number => Math.max(0, Math.min(input.length, i < 0 ? i + input.length : i));
  const dims = input.slice(clamp(intAttribute(ctx, "start", 0)), clamp(intAttribute(ctx, "end", input.length)));
  return [tensor("i64", dimsOf(dims.length), vectorValue(dims))];
};

const size: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const count = input && productOf(input);
  return [tensor("i64", [], count && scalarValue(count))];
};

/** The output of a view: the first input's elements in order under another shape. */
function view(ctx: RuleContext, result: Shape | undefined): Output {
  const dims = smallDims(result);
  const value = dims && smallDims(shapeOf(ctx, 0)) ? ctx.value(0) : undefined;
  const fits = value && dims && countOf(dims) === value.elements.length;
  return tensor(dtypeOf(ctx, 0), result, fits ? { dims, elements: value.elements } : undefined);
}

const reshape: Rule = (ctx) => {
  const attribute = intsAttribute(ctx, "shape");
  const wanted = attribute ? attribute.map((value) => dimOf(value)) : knownDims(ctx, 1);
  if (!wanted || wanted.length > rankMax) return [tensor(dtypeOf(ctx, 0), undefined)];
  return [view(ctx, reshaped(ctx, shapeOf(ctx, 0), wanted))];
};

/** 0 copies the input's dimension (unless `allowzero`), one -1 takes what is left. */
function reshaped(ctx: RuleContext, input: Shape | undefined, wanted: readonly (Dim | undefined)[]): Shape {
  const allowZero = intAttribute(ctx, "allowzero", 0) === 1;
  let rest = -1;
  const dims = wanted.map((dim, axis) => {
    if (!dim) return ctx.fresh();
    const constant = constantOf(dim);
    if (constant === 0n && !allowZero) return input ? (input[axis] ?? ctx.fresh()) : ctx.fresh();
    if (constant !== undefined && constant < 0n) {
      if (constant !== -1n || rest >= 0) ctx.problem(`the shape ${printShape(wanted.map((d) => d ?? oneDim))} is not one to reshape to`);
      rest = axis;
      return oneDim;
    }
    return dim;
  });
  if (rest >= 0) {
    const left = restOf(ctx, input, dims);
    return dims.map((dim, axis) => (axis === rest ? left : dim));
  }
  checkCount(ctx, input, dims, wanted);
  return dims;
}

/** What -1 stands for: the input's element count by that of the other dimensions. */
function restOf(ctx: RuleContext, input: Shape | undefined, others: Shape): Dim {
  if (!input) return ctx.fresh();
  const [total, taken] = cancel(input, others);
  const constant = constantOf(taken);
  if (constant === 0n) return ctx.fresh();
  const exact = divideDims(total, taken);
  if (exact) return exact;
  if (constant === undefined || constant < 0n) return ctx.fresh();
  if (constantOf(total) !== undefined) ctx.problem(`${printShape(input)} has no whole number of elements for ${printShape(others)} and -1`);
  return floorDivDim(total, constant);
}

/** Products of both shapes after leaving out dimensions that stand in both: shorter, and divisible more often. */
function cancel(a: Shape, b: Shape): readonly [Dim, Dim] {
  const left = [...a];
  const right: Dim[] = [];
  for (const dim of b) {
    const found = constantOf(dim) === 0n ? -1 : left.findIndex((other) => other.key === dim.key);
    if (found >= 0) left.splice(found, 1);
    else right.push(dim);
  }
  return [productOf(left) ?? oneDim, productOf(right) ?? dimOf(0)];
}

function checkCount(ctx: RuleContext, input: Shape | undefined, dims: Shape, wanted: readonly (Dim | undefined)[]): void {
  if (!input || wanted.includes(undefined)) return;
  const [a, b] = cancel(input, dims).map(constantOf);
  if (a !== undefined && b !== undefined && a !== b) ctx.problem(`${printShape(input)} has not as many elements as ${printShape(dims)}`);
}

const expand: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const wanted = knownDims(ctx, 1);
  const dtype = dtypeOf(ctx, 0);
  if (!input || !wanted) return [tensor(dtype, undefined)];
  const rank = Math.max(input.length, wanted.length);
  const result = Array.from({ length: rank }, (_, i): Dim => {
    const own = input[input.length - rank + i] ?? oneDim;
    const target = i < rank - wanted.length ? oneDim : wanted[wanted.length - rank + i];
    if (!target) return constantOf(own) === undefined || constantOf(own) === 1n ? ctx.fresh() : own;
    const dim = broadcastDim(own, target);
    if (!dim) ctx.problem(`${printShape(input)} cannot be expanded to ${printShape(wanted.map((d) => d ?? oneDim))}`);
    return dim ?? own;
  });
  const dims = smallDims(result);
  const value = dims && ctx.value(0);
  return [tensor(dtype, result, value && dims && expandTo(value, dims))];
};

const squeeze: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const axes = axesFrom(ctx, 1);
  const dtype = dtypeOf(ctx, 0);
  if (!input) return [tensor(dtype, undefined)];
  if (axes === undefined) {
    const count = lengthOf(ctx, 1);
    return [tensor(dtype, freshShape(ctx, count === undefined ? undefined : input.length - count))];
  }
  if (axes === null) {
    // Without axes every 1 goes; whether a symbolic dimension is 1 only data decides.
    const known = input.every((dim) => constantOf(dim) !== undefined);
    return [view(ctx, known ? input.filter((dim) => constantOf(dim) !== 1n) : undefined)];
  }
  const gone = axesIn(ctx, axes, input.length);
  if (!gone) return [tensor(dtype, undefined)];
  const wrong = gone.find((axis) => ![undefined, 1n].includes(constantOf(input[axis])));
  if (wrong !== undefined) ctx.problem(`axis ${wrong} of ${printShape(input)} is squeezed but is not 1`);
  return [view(ctx, input.filter((_, axis) => !gone.includes(axis)))];
};

const unsqueeze: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const axes = axesFrom(ctx, 1);
  const dtype = dtypeOf(ctx, 0);
  if (!input || axes === null) return [tensor(dtype, undefined)];
  if (axes === undefined) {
    const count = lengthOf(ctx, 1);
    return [tensor(dtype, freshShape(ctx, count === undefined ? undefined : input.length + count))];
  }
  const rank = input.length + axes.length;
  const added = rank <= rankMax ? axesIn(ctx, axes, rank) : undefined;
  if (!added) return [tensor(dtype, undefined)];
  const rest = [...input];
  return [view(ctx, Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? oneDim : (rest.shift() ?? oneDim))))];
};

const flatten: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  if (!input) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, 2))];
  const given = intAttribute(ctx, "axis", 1);
  const axis = given === input.length ? given : axisIn(ctx, given, input.length);
  if (axis === undefined) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, 2))];
  return [view(ctx, [productOrFresh(ctx, input.slice(0, axis)), productOrFresh(ctx, input.slice(axis))])];
};

const tile: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const repeats = knownDims(ctx, 1);
  const dtype = dtypeOf(ctx, 0);
  if (!input || !repeats) return [tensor(dtype, freshShape(ctx, input?.length ?? lengthOf(ctx, 1)))];
  if (repeats.length !== input.length) {
    ctx.problem(`there are ${repeats.length} repeats for the ${input.length} axes of ${printShape(input)}`);
    return [tensor(dtype, undefined)];
  }
  const result = input.map((dim, axis) => {
    const times = repeats[axis];
    return times ? mulDims(dim, times) : ctx.fresh();
  });
  const dims = smallDims(result);
  const value = dims && ctx.value(0);
  const tiled = value && dims && rearrange(value, dims, (index) => positionOf(index.map((i, axis) => i % value.dims[axis]), value.dims));
  return [tensor(dtype, result, tiled)];
};

const constantOfShape: Rule = (ctx) => {
  const attribute = ctx.attribute("value");
  const dtype = attribute?.kind === "tensor" ? attribute.value.dtype : "f32";
  const wanted = knownDims(ctx, 0);
  if (!wanted) return [tensor(dtype, undefined)];
  const result = wanted.map((dim) => (dim ? nonNegative(dim) : ctx.fresh()));
  const dims = smallDims(result);
  const fill = attribute?.kind === "tensor" ? ctx.readTensor(attribute.value)?.elements[0] : 0;
  const value: KnownValue | undefined = dims && countOf(dims) <= knownElementsMax ? { dims, elements: Array.from({ length: countOf(dims) }, () => fill) } : undefined;
  return [tensor(dtype, result, value)];
};

/** A computed size below 0 would be an error of the model; a symbolic one is kept as it is. */
function nonNegative(dim: Dim): Dim {
  const constant = dimNumber(dim);
  return constant !== undefined && constant < 0 ? maxDims(dim, dimOf(0)) : dim;
}

export const shapeRules: RuleTable = {
  Shape: shape,
  Size: size,
  Reshape: reshape,
  Expand: expand,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Tile: tile,
  ConstantOfShape: constantOfShape,
};
