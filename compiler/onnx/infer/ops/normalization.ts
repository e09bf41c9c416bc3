/** Normalisations; the statistics they may put out too. */
import { oneDim } from "../../../../language/tensor/dim.ts";
import { elemTypeOfCode } from "../../elem-types.ts";
import type { ElemType } from "../../elem-types.ts";
import type { Shape } from "../inferred-type.ts";
import { axisIn, dtypeOf, intAttribute, sameAs, shapeOf, tensor } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";
import { sameAsFirst } from "./elementwise.ts";

/** Everything from `axis` on reduced to 1: the shape of a mean or a deviation. */
export function statisticsShape(ctx: RuleContext, shape: Shape | undefined, axis: number): Shape | undefined {
  const from = shape && axisIn(ctx, axis, shape.length);
  return from === undefined ? undefined : shape?.map((dim, i) => (i < from ? dim : oneDim));
}

/** The type of the statistics: f32 unless `stash_type` says otherwise. */
export function stashType(ctx: RuleContext): ElemType {
  return elemTypeOfCode(intAttribute(ctx, "stash_type", 1));
}

/** Y, Mean and InvStdDev. */
const layerNormalization: Rule = (ctx) => {
  const statistics = tensor(stashType(ctx), statisticsShape(ctx, shapeOf(ctx, 0), intAttribute(ctx, "axis", -1)));
  return [sameAs(ctx, 0), statistics, statistics];
};

/** onnxruntime's RMS norm: the result has the scale's type, and the inverse deviation is the second output. */
export const simplifiedLayerNormalization: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 1) === "undefined" ? dtypeOf(ctx, 0) : dtypeOf(ctx, 1);
  return [tensor(dtype, shapeOf(ctx, 0)), tensor(stashType(ctx), statisticsShape(ctx, shapeOf(ctx, 0), intAttribute(ctx, "axis", -1)))];
};

/** Output, running mean and variance; before opset 14 also the saved ones. */
const batchNormalization: Rule = (ctx) => {
  const [mean, variance] = [sameAs(ctx, 3), sameAs(ctx, 4)];
  return [sameAs(ctx, 0), mean, variance, mean, variance];
};

export const normalizationRules: RuleTable = {
  LayerNormalization: layerNormalization,
  SimplifiedLayerNormalization: simplifiedLayerNormalization,
  RMSNormalization: sameAsFirst,
  InstanceNormalization: sameAsFirst,
  GroupNormalization: sameAsFirst,
  BatchNormalization: batchNormalization,
};
