/**
 * onnxruntime's blocked layout for convolutions on CPUs, which its highest optimisation level writes. Tensors are still
 * [N, C, H, W], with channels rounded up to the machine's block: 8 or 16.
 */
import { dimNumber, dimOf } from "../../../../language/tensor/dim.ts";
import { dtypeOf, freshShape, intAttribute, shapeOf, tensor, withDim } from "../rule.ts";
import type { Rule, RuleTable } from "../rule.ts";
import { convPoolRules } from "./conv-pool.ts";
import { imageRules } from "./image.ts";

const blockMax = 16;

/** Into blocks, from channels first or last. */
const reorderInput: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  if (!shape || shape.length < 3) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, shape?.length))];
  const last = intAttribute(ctx, "channels_last", 0) === 1;
  const ordered = last ? [shape[0], shape[shape.length - 1], ...shape.slice(1, -1)] : shape;
  const channels = dimNumber(ordered[1]);
  const isWhole = channels !== undefined && channels % blockMax === 0;
  return [tensor(dtypeOf(ctx, 0), isWhole ? ordered : withDim(ordered, 1, ctx.fresh()))];
};

/** Back again, to as many channels as there were. */
const reorderOutput: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  if (!shape || shape.length < 3) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, shape?.length))];
  const channels = dimOf(intAttribute(ctx, "channels", 0));
  const last = intAttribute(ctx, "channels_last", 0) === 1;
  return [tensor(dtypeOf(ctx, 0), last ? [shape[0], ...shape.slice(2), channels] : withDim(shape, 1, channels))];
};

export const nchwcRules: RuleTable = {
  Conv: convPoolRules["Conv"],
  MaxPool: convPoolRules["MaxPool"],
  AveragePool: convPoolRules["AveragePool"],
  GlobalMaxPool: convPoolRules["GlobalMaxPool"],
  GlobalAveragePool: convPoolRules["GlobalAveragePool"],
  Upsample: imageRules["Upsample"],
  ReorderInput: reorderInput,
  ReorderOutput: reorderOutput,
};
