/**
 * Convolutions and poolings. With k the kernel, d the dilation, s the stride, p the pads of an axis of size x:
 * floor((x + p - d*(k - 1) - 1) / s) + 1 places; rounding up, but no window may start in the padding behind, with
 * `ceil_mode`; ceil(x / s) with SAME padding.
 */
import { addDims, ceilDivDim, constantOf, dimNumber, dimOf, floorDivDim, minDims, mulDims, oneDim, scaleDim, subDims, sumOfDims } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { printShape } from "../../../../language/tensor/print-dim.ts";
import type { ElemType } from "../../elem-types.ts";
import type { Shape } from "../inferred-type.ts";
import { dimsOf, dtypeOf, freshShape, intAttribute, intsAttribute, knownDims, shapeOf, tensor, textAttribute } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";

/** The window of each spatial axis. */
interface Window {
  readonly kernel: readonly (Dim | undefined)[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All beginnings, then all ends. */
  readonly pads: readonly number[];
  readonly autoPad: string;
  readonly ceil: boolean;
}

function windowOf(ctx: RuleContext, kernel: readonly (Dim | undefined)[]): Window | undefined {
  const axes = kernel.length;
  const list = (name: string, length: number, otherwise: number): readonly number[] | undefined => {
    const given = intsAttribute(ctx, name);
    if (!given) return Array.from({ length }, () => otherwise);
    if (given.length === length) return given;
    ctx.problem(`${name} has ${given.length} values, not ${length}`);
    return undefined;
  };
  const strides = list("strides", axes, 1);
  const dilations = list("dilations", axes, 1);
  const pads = list("pads", 2 * axes, 0);
  if (!strides || !dilations || !pads) return undefined;
  if (strides.some((stride) => !(stride > 0))) {
    ctx.problem("a stride is not positive");
    return undefined;
  }
  return { kernel, strides, dilations, pads, autoPad: textAttribute(ctx, "auto_pad", "NOTSET"), ceil: intAttribute(ctx, "ceil_mode", 0) === 1 };
}

/** The places a window has on spatial axis `i` of size `dim`. */
function places(ctx: RuleContext, window: Window, i: number, dim: Dim): Dim {
  const stride = window.strides[i];
  if (window.autoPad.startsWith("SAME")) return ceilDivDim(dim, stride);
  const kernel = window.kernel[i];
  if (!kernel) return ctx.fresh();
  const padded = window.autoPad === "VALID" ? 0 : window.pads[i] + window.pads[i + window.strides.length];
  const reach = addDims(scaleDim(subDims(kernel, oneDim), BigInt(window.dilations[i])), oneDim);
  const room = subDims(addDims(dim, dimOf(padded)), reach);
  if (constantOf(room) !== undefined && Number(constantOf(room)) < 0) {
    ctx.problem(`the kernel does not fit axis ${i} of the padded input`);
    return ctx.fresh();
  }
  if (!window.ceil) return addDims(floorDivDim(room, stride), oneDim);
  const before = window.autoPad === "VALID" ? 0 : window.pads[i];
  return minDims(addDims(ceilDivDim(room, stride), oneDim), ceilDivDim(addDims(dim, dimOf(before)), stride));
}

function spatial(ctx: RuleContext, window: Window | undefined, dims: Shape): Shape {
  return dims.map((dim, i) => (window ? places(ctx, window, i, dim) : ctx.fresh()));
}

/** A convolution of input `x` with weights `w`; channels-last ones have their spatial axes in the middle. */
export function convRule(x: number, w: number, dtype: (ctx: RuleContext) => ElemType, channelsLast: (ctx: RuleContext) => boolean): Rule {
  return (ctx) => {
    const input = shapeOf(ctx, x);
    const weights = shapeOf(ctx, w);
    const rank = input?.length ?? weights?.length;
    if (!input || !weights || input.length < 3 || (weights.length !== input.length && !channelsLast(ctx))) {
      if (input && weights) ctx.problem(`an input ${printShape(input)} cannot be convolved with weights ${printShape(weights)}`);
      return [tensor(dtype(ctx), freshShape(ctx, rank))];
    }
    const last = channelsLast(ctx);
    const dims = last ? input.slice(1, -1) : input.slice(2);
    const kernel = intsAttribute(ctx, "kernel_shape")?.map((k) => dimOf(k)) ?? weights.slice(2);
    if (kernel.length !== dims.length) {
      ctx.problem(`a kernel of ${kernel.length} axes does not fit ${printShape(input)}`);
      return [tensor(dtype(ctx), freshShape(ctx, rank))];
    }
    checkChannels(ctx, last ? input[input.length - 1] : input[1], weights);
    const result = spatial(ctx, windowOf(ctx, kernel), dims);
    return [tensor(dtype(ctx), last ? [input[0], ...result, weights[0]] : [input[0], weights[0], ...result])];
  };
}

function checkChannels(ctx: RuleContext, channels: Dim, weights: Shape): void {
  const [have, perGroup] = [dimNumber(channels), dimNumber(weights[1])];
  const groups = intAttribute(ctx, "group", 1);
  if (have !== undefined && perGroup !== undefined && have !== perGroup * groups) {
    ctx.problem(`the input has ${have} channels and the weights ${perGroup} in each of ${groups} groups`);
  }
}

/** stride*(x - 1) + output_padding + d*(k - 1) + 1 - pads. */
const convTranspose: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const weights = shapeOf(ctx, 1);
  const dtype = dtypeOf(ctx, 0);
  if (!input || !weights || input.length < 3 || weights.length !== input.length) return [tensor(dtype, freshShape(ctx, input?.length))];
  const dims = input.slice(2);
  const kernel = intsAttribute(ctx, "kernel_shape")?.map((k) => dimOf(k)) ?? weights.slice(2);
  const window = windowOf(ctx, kernel);
  const fixed = intsAttribute(ctx, "output_shape");
  const extra = intsAttribute(ctx, "output_padding");
  const channels = mulDims(weights[1], dimOf(intAttribute(ctx, "group", 1)));
  const result = dims.map((dim, i) => {
    if (fixed) return fixed.length === dims.length ? dimOf(fixed[i]) : dimOf(fixed[i + 2]);
    if (!window) return ctx.fresh();
    return grown(window, i, dim, kernel[i], extra?.[i] ?? 0);
  });
  return [tensor(dtype, [input[0], channels, ...result])];
};

function grown(window: Window, i: number, dim: Dim, kernel: Dim, extra: number): Dim {
  const stride = window.strides[i];
  if (window.autoPad.startsWith("SAME")) return scaleDim(dim, BigInt(stride));
  const pads = window.autoPad === "VALID" ? 0 : window.pads[i] + window.pads[i + window.strides.length];
  const reach = addDims(scaleDim(subDims(kernel, oneDim), BigInt(window.dilations[i])), oneDim);
  return sumOfDims([scaleDim(subDims(dim, oneDim), BigInt(stride)), reach, dimOf(extra - pads)]);
}

/** A pooling; a second output has the indices. */
export function poolRule(channelsLast: (ctx: RuleContext) => boolean, dtype: (ctx: RuleContext) => ElemType): Rule {
  return (ctx) => {
    const input = shapeOf(ctx, 0);
    const kernel = intsAttribute(ctx, "kernel_shape")?.map((k) => dimOf(k));
    const last = channelsLast(ctx);
    const dims = input && (last ? input.slice(1, -1) : input.slice(2));
    if (!input || !dims || !kernel || kernel.length !== dims.length || kernel.length === 0) {
      if (dims && kernel) ctx.problem(`a kernel of ${kernel.length} axes does not fit ${printShape(input)}`);
      const unknown = freshShape(ctx, input?.length);
      return [tensor(dtype(ctx), unknown), tensor("i64", unknown)];
    }
    const result = spatial(ctx, windowOf(ctx, kernel), dims);
    const shape = last ? [input[0], ...result, input[input.length - 1]] : [input[0], input[1], ...result];
    return [tensor(dtype(ctx), shape), tensor("i64", shape)];
  };
}

const globalPool: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  return [tensor(dtypeOf(ctx, 0), input && [...input.slice(0, 2), ...input.slice(2).map(() => oneDim)])];
};

/** The inverse of a pooling, unless an input says the size. */
const maxUnpool: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  if (ctx.has(2)) return [tensor(dtype, knownDims(ctx, 2)?.map((dim) => dim ?? ctx.fresh()) ?? freshShape(ctx, input?.length))];
  const kernel = intsAttribute(ctx, "kernel_shape")?.map((k) => dimOf(k));
  if (!input || !kernel || kernel.length !== input.length - 2) return [tensor(dtype, freshShape(ctx, input?.length))];
  const window = windowOf(ctx, kernel);
  const result = input.slice(2).map((dim, i) => (window ? grown({ ...window, autoPad: "NOTSET" }, i, dim, kernel[i], 0) : ctx.fresh()));
  return [tensor(dtype, [...input.slice(0, 2), ...result])];
};

/** Regions of interest: one pooled map each. */
const maxRoiPool: Rule = (ctx) => {
  const [input, rois] = [shapeOf(ctx, 0), shapeOf(ctx, 1)];
  const pooled = intsAttribute(ctx, "pooled_shape") ?? [];
  return [tensor(dtypeOf(ctx, 0), [rois?.[0] ?? ctx.fresh(), input?.[1] ?? ctx.fresh(), ...dimsOf(...pooled)])];
};

const roiAlign: Rule = (ctx) => {
  const [input, rois] = [shapeOf(ctx, 0), shapeOf(ctx, 1)];
  const size = dimsOf(intAttribute(ctx, "output_height", 1), intAttribute(ctx, "output_width", 1));
  return [tensor(dtypeOf(ctx, 0), [rois?.[0] ?? ctx.fresh(), input?.[1] ?? ctx.fresh(), ...size])];
};

/** The image that the columns were cut from. */
const col2Im: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const image = knownDims(ctx, 1);
  const block = knownDims(ctx, 2);
  const dtype = dtypeOf(ctx, 0);
  if (!image) return [tensor(dtype, undefined)];
  const area = block?.reduce<number | undefined>((product, dim) => {
    const size = dim && dimNumber(dim);
    return product === undefined || size === undefined ? undefined : product * size;
  }, 1);
  const channels = input?.[1] && area ? floorDivDim(input[1], area) : ctx.fresh();
  return [tensor(dtype, [input?.[0] ?? ctx.fresh(), channels, ...image.map((dim) => dim ?? ctx.fresh())])];
};

/** A convolution over time that carries its last samples along (opset 27). */
const causalConvWithState: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const weights = shapeOf(ctx, 1);
  const dtype = dtypeOf(ctx, 0);
  const window = weights?.at(-1);
  const state = ctx.has(3) ? shapeOf(ctx, 3) : input && window && [...input.slice(0, -1), subDims(window, oneDim)];
  return [tensor(dtype, input), tensor(dtype, state)];
};

const never = (): boolean => false;
const dtypeOfFirst = (ctx: RuleContext): ElemType => dtypeOf(ctx, 0);

export const convPoolRules: RuleTable = {
  Conv: convRule(0, 1, dtypeOfFirst, never),
  ConvInteger: convRule(0, 1, () => "i32", never),
  QLinearConv: convRule(0, 3, (ctx) => dtypeOf(ctx, 7), never),
  DeformConv: convRule(0, 1, dtypeOfFirst, never),
  ConvTranspose: convTranspose,
  CausalConvWithState: causalConvWithState,
  MaxPool: poolRule(never, dtypeOfFirst),
  AveragePool: poolRule(never, dtypeOfFirst),
  LpPool: poolRule(never, dtypeOfFirst),
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  MaxUnpool: maxUnpool,
  MaxRoiPool: maxRoiPool,
  RoiAlign: roiAlign,
  Col2Im: col2Im,
};
