/** Images and grids: Resize, Upsample, GridSample, AffineGrid, ImageDecoder. */
import { constantOf, dimNumber, dimOf, floorDivDim, mulDims } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { printShape } from "../../../../language/tensor/print-dim.ts";
import type { Shape } from "../inferred-type.ts";
import type { MaybeScalar } from "../scalar.ts";
import { axesIn, dimsOf, dtypeOf, freshShape, intsAttribute, knownDims, shapeOf, tensor, textAttribute } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";

/** Inputs before opset 11: X, scales. From then on: X, roi, scales, sizes. */
const resize: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  if (!input) return [tensor(dtype, undefined)];
  const axes = axesIn(ctx, intsAttribute(ctx, "axes") ?? input.map((_, axis) => axis), input.length);
  if (!axes) return [tensor(dtype, freshShape(ctx, input.length))];
  const scalesAt = ctx.opset < 11 ? 1 : 2;
  if (ctx.opset >= 11 && ctx.has(3)) return [tensor(dtype, resizedTo(ctx, input, axes))];
  const scales = ctx.value(scalesAt)?.elements;
  return [tensor(dtype, scaledBy(ctx, input, axes, scales))];
};

/** Given sizes, kept in proportion if the policy says so. */
function resizedTo(ctx: RuleContext, input: Shape, axes: readonly number[]): Shape {
  const sizes = knownDims(ctx, 3);
  const policy = textAttribute(ctx, "keep_aspect_ratio_policy", "stretch");
  const wanted = input.map((dim, axis) => {
    const at = axes.indexOf(axis);
    return at < 0 ? dim : (sizes?.[at] ?? ctx.fresh());
  });
  if (policy === "stretch") return wanted;
  const ratios: number[] = [];
  for (const axis of axes) {
    const [from, to] = [dimNumber(input[axis]), dimNumber(wanted[axis])];
    if (from === undefined || to === undefined || from === 0) return input.map((dim, i) => (axes.includes(i) ? ctx.fresh() : dim));
    ratios.push(to / from);
  }
  const ratio = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return input.map((dim, axis) => (axes.includes(axis) ? dimOf(Math.floor(ratio * (dimNumber(dim) ?? 0) + 0.5)) : dim));
}

function scaledBy(ctx: RuleContext, input: Shape, axes: readonly number[], scales: readonly MaybeScalar[] | undefined): Shape {
  if (scales && scales.length !== axes.length) {
    ctx.problem(`there are ${scales.length} scales for ${axes.length} axes of ${printShape(input)}`);
    return input.map(() => ctx.fresh());
  }
  return input.map((dim, axis) => {
    const at = axes.indexOf(axis);
    if (at < 0) return dim;
    const scale = scales?.[at];
    return (typeof scale === "number" && scale >= 0 && scale < 1e6 ? scaleFloor(dim, scale) : undefined) ?? ctx.fresh();
  });
}

/** floor(dim * scale), symbolically where the scale is a fraction of small numbers. */
export function scaleFloor(dim: Dim, scale: number): Dim | undefined {
  const constant = constantOf(dim);
  if (constant !== undefined) return dimOf(Math.floor(Math.fround(Number(constant) * scale)));
  for (const divisor of [1, 2, 4, 8, 16, 32]) {
    if (Number.isInteger(scale * divisor)) return floorDivDim(mulDims(dim, dimOf(scale * divisor)), divisor);
  }
  return undefined;
}

/** Scales are an attribute at opset 7 (and whole numbers in the blocked layout), an input at 9. */
const upsample: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  if (!input) return [tensor(dtypeOf(ctx, 0), undefined)];
  const attribute = ctx.attribute("scales");
  const scales = attribute?.kind === "floats" || attribute?.kind === "ints" ? attribute.value : ctx.value(1)?.elements;
  return [tensor(dtypeOf(ctx, 0), scaledBy(ctx, input, input.map((_, axis) => axis), scales))];
};

/** [N, C, ...] sampled at a grid [N, ..., dims]. */
export const gridSample: Rule = (ctx) => {
  const [input, grid] = [shapeOf(ctx, 0), shapeOf(ctx, 1)];
  if (!input || !grid || grid.length !== input.length || input.length < 3) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, input?.length ?? grid?.length))];
  return [tensor(dtypeOf(ctx, 0), [input[0], input[1], ...grid.slice(1, -1)])];
};

/** A grid for an output of size [N, C, (D,) H, W]. */
const affineGrid: Rule = (ctx) => {
  const size = knownDims(ctx, 1);
  if (!size) return [tensor(dtypeOf(ctx, 0), undefined)];
  const spatial = size.slice(2).map((dim) => dim ?? ctx.fresh());
  return [tensor(dtypeOf(ctx, 0), [size[0] ?? ctx.fresh(), ...spatial, dimOf(spatial.length)])];
};

const imageDecoder: Rule = (ctx) => {
  const channels = textAttribute(ctx, "pixel_format", "RGB") === "Grayscale" ? 1 : 3;
  return [tensor("u8", dimsOf(ctx.fresh(), ctx.fresh(), channels))];
};

export const imageRules: RuleTable = {
  Resize: resize,
  Upsample: upsample,
  GridSample: gridSample,
  AffineGrid: affineGrid,
  ImageDecoder: imageDecoder,
};
