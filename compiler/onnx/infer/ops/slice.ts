/** Operators that take parts or add borders: Slice, Split, Pad, CenterCropPad. */
import { addDims, ceilDivDim, constantOf, dimNumber, dimOf, equalDims, floorDivDim, maxDims, minDims, scaleDim, subDims, sumOfDims, zeroDim } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { intervalOfDim, proveLessEqual } from "../../../../language/tensor/bound-dim.ts";
import { freeNames } from "../../../../language/tensor/evaluate-dim.ts";
import { printShape } from "../../../../language/tensor/print-dim.ts";
import { smallDims } from "../fold.ts";
import type { Shape } from "../inferred-type.ts";
import { positionOf, rearrange } from "../known-value.ts";
import type { KnownValue } from "../known-value.ts";
import { axesIn, axisIn, dtypeOf, freshShape, intAttribute, intsAttribute, knownDims, knownInts, shapeOf, tensor, withDim } from "../rule.ts";
import type { Output, Rule, RuleContext, RuleTable } from "../rule.ts";

const noBounds = new Map<string, never>();

interface Cut {
  readonly axis: number;
  readonly start: Dim | undefined;
  readonly end: Dim | undefined;
  readonly step: number | undefined;
}

const slice: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  if (!input) return [tensor(dtype, undefined)];
  const cuts = cutsOf(ctx, input.length);
  if (!cuts) return [tensor(dtype, freshShape(ctx, input.length))];
  let result: Shape = input;
  for (const cut of cuts) result = withDim(result, cut.axis, cutLength(ctx, input[cut.axis], cut));
  return [tensor(dtype, result, sliceValue(ctx, input, result, cuts))];
};

/** Attributes before opset 10, inputs from then on; undefined where the axes are not known. */
function cutsOf(ctx: RuleContext, rank: number): readonly Cut[] | undefined {
  const attribute = intsAttribute(ctx, "starts");
  const starts = attribute ? attribute.map((value) => dimOf(value)) : knownDims(ctx, 1);
  const ends = attribute ? (intsAttribute(ctx, "ends") ?? []).map((value) => dimOf(value)) : knownDims(ctx, 2);
  if (!starts || !ends) return undefined;
  const given = attribute ? (intsAttribute(ctx, "axes") ?? null) : ctx.has(3) ? knownInts(ctx, 3) : null;
  if (given === undefined) return undefined;
  const axes = axesIn(ctx, given ?? starts.map((_, i) => i), rank);
  if (!axes) return undefined;
  const steps = ctx.has(4) && !attribute ? knownDims(ctx, 4) : null;
  return axes.map((axis, i) => {
    const step = steps === null ? 1 : steps?.[i] && dimNumber(steps[i]);
    return { axis, start: starts[i], end: ends[i], step };
  });
}

/** ceil((end - start) / step) after both are clamped to the dimension; 0 if they cross. */
function cutLength(ctx: RuleContext, dim: Dim, cut: Cut): Dim {
  const { start, end, step } = cut;
  if (step === undefined || step === 0 || !end || !start) return ctx.fresh();
  const from = clampIndex(start, dim, step);
  const to = clampIndex(end, dim, step);
  if (!from || !to) return ctx.fresh();
  const span = step > 0 ? subDims(to, from) : subDims(from, to);
  const length = ceilDivDim(span, Math.abs(step));
  return isNonNegative(length) ? length : maxDims(length, zeroDim);
}

/** Whether a length is never negative, all names being at least 1. */
function isNonNegative(length: Dim): boolean {
  const bounds = new Map([...freeNames(length)].map((name) => [name, { low: 1 }]));
  return proveLessEqual(zeroDim, length, bounds);
}

/** Exporters write the largest and smallest integers of 32 and 64 bits for "to the end". */
const farAway = 2n ** 31n - 1n;

/** An index into a dimension, counted from the front and clamped; undefined if its sign is not known. */
function clampIndex(index: Dim, dim: Dim, step: number): Dim | undefined {
  const top = step > 0 ? dim : subDims(dim, dimOf(1));
  const bottom = step > 0 ? zeroDim : dimOf(-1);
  const constant = constantOf(index);
  if (constant !== undefined && constant >= farAway) return top;
  if (constant !== undefined && constant <= -farAway) return bottom;
  if (constant === -1n) return subDims(dim, dimOf(1)); // dimensions are at least 1
  const { low, high } = intervalOfDim(index, noBounds);
  const positive = low !== undefined && low >= 0n;
  if (!positive && !(high !== undefined && high < 0n)) return undefined;
  const forward = positive ? index : addDims(dim, index);
  const capped = proveLessEqual(forward, top, noBounds) ? forward : proveLessEqual(top, forward, noBounds) ? top : minDims(forward, top);
  return proveLessEqual(bottom, capped, noBounds) ? capped : maxDims(capped, bottom);
}

function sliceValue(ctx: RuleContext, input: Shape, result: Shape, cuts: readonly Cut[]): KnownValue | undefined {
  const dims = smallDims(result);
  const value = dims && smallDims(input) && ctx.value(0);
  if (!value || !dims) return undefined;
  const from = value.dims.map(() => 0);
  const by = value.dims.map(() => 1);
  for (const { axis, start, step } of cuts) {
    const first = start && step !== undefined ? clampIndex(start, input[axis], step) : undefined;
    const number = first && dimNumber(first);
    if (number === undefined || step === undefined) return undefined;
    from[axis] = number;
    by[axis] = step;
  }
  return rearrange(value, dims, (index) => positionOf(index.map((i, axis) => from[axis] + i * by[axis]), value.dims));
}

const split: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  const count = ctx.node.outputs.length;
  const axis = input && axisIn(ctx, intAttribute(ctx, "axis", 0), input.length);
  if (!input || axis === undefined) return Array.from({ length: count }, () => tensor(dtype, undefined));
  const sizes = splitSizes(ctx, input[axis], count);
  const hasValue = smallDims(input) !== undefined && ctx.value(0) !== undefined;
  let start = zeroDim;
  return sizes.map((size): Output => {
    const result = withDim(input, axis, size);
    if (!hasValue) return tensor(dtype, result);
    const end = addDims(start, size);
    const value = sliceValue(ctx, input, result, [{ axis, start, end, step: 1 }]);
    start = end;
    return tensor(dtype, result, value);
  });
};

function splitSizes(ctx: RuleContext, dim: Dim, count: number): readonly Dim[] {
  const attribute = intsAttribute(ctx, "split");
  const given = attribute ? attribute.map((size) => dimOf(size)) : ctx.has(1) ? knownDims(ctx, 1) : null;
  if (given === undefined) return Array.from({ length: count }, () => ctx.fresh());
  if (given !== null) {
    const sizes = Array.from({ length: count }, (_, i) => given[i] ?? ctx.fresh());
    const sum = sumOfDims(sizes);
    const [a, b] = [constantOf(sum), constantOf(dim)];
    if (a !== undefined && b !== undefined && a !== b) ctx.problem(`the parts ${printShape(sizes)} do not add up to ${b}`);
    return sizes;
  }
  // Equal parts; from opset 18 the last one may be smaller.
  const parts = intAttribute(ctx, "num_outputs", count);
  if (!(parts > 0)) return Array.from({ length: count }, () => ctx.fresh());
  const part = ceilDivDim(dim, parts);
  const exact = equalDims(part, floorDivDim(dim, parts));
  if (exact) return Array.from({ length: count }, () => part);
  return Array.from({ length: count }, (_, i) => (i < parts - 1 ? part : subDims(dim, scaleDim(part, BigInt(parts - 1)))));
}

const pad: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  const attribute = intsAttribute(ctx, "pads") ?? intsAttribute(ctx, "paddings");
  const pads = attribute ? attribute.map((value) => dimOf(value)) : knownDims(ctx, 1);
  if (!input) return [tensor(dtype, undefined)];
  const given = ctx.has(3) ? knownInts(ctx, 3) : null;
  if (!pads || given === undefined) return [tensor(dtype, freshShape(ctx, input.length))];
  const axes = axesIn(ctx, given ?? input.map((_, axis) => axis), input.length);
  if (!axes) return [tensor(dtype, freshShape(ctx, input.length))];
  if (pads.length !== 2 * axes.length) {
    ctx.problem(`there are ${pads.length} pads for ${axes.length} axes`);
    return [tensor(dtype, freshShape(ctx, input.length))];
  }
  const result = input.map((dim, axis) => {
    const at = axes.indexOf(axis);
    if (at < 0) return dim;
    const [before, after] = [pads[at], pads[at + axes.length]];
    return before && after ? sumOfDims([dim, before, after]) : ctx.fresh();
  });
  return [tensor(dtype, result)];
};

const centerCropPad: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  if (!input) return [tensor(dtype, undefined)];
  const axes = axesIn(ctx, intsAttribute(ctx, "axes") ?? input.map((_, axis) => axis), input.length);
  const wanted = knownDims(ctx, 1);
  if (!axes) return [tensor(dtype, freshShape(ctx, input.length))];
  return [tensor(dtype, input.map((dim, axis) => (axes.includes(axis) ? (wanted?.[axes.indexOf(axis)] ?? ctx.fresh()) : dim)))];
};

/** Sequence parts of a tensor along an axis, for SplitToSequence: their sizes, or undefined. */
export function sequenceParts(ctx: RuleContext, dim: Dim): readonly Dim[] | undefined {
  const total = dimNumber(dim);
  if (!ctx.has(1)) return total !== undefined && total <= 256 ? Array.from({ length: total }, () => dimOf(1)) : undefined;
  const isScalar = shapeOf(ctx, 1)?.length === 0;
  const sizes = knownInts(ctx, 1);
  if (!isScalar) return sizes?.map((size) => dimOf(size));
  const part = sizes?.[0];
  if (part === undefined || !(part > 0) || total === undefined || total / part > 256) return undefined;
  const whole = Math.floor(total / part);
  const sizesList = Array.from({ length: whole }, () => dimOf(part));
  return total % part === 0 ? sizesList : [...sizesList, dimOf(total % part)];
}

export const sliceRules: RuleTable = {
  Slice: slice,
  Split: split,
  Pad: pad,
  CenterCropPad: centerCropPad,
};
