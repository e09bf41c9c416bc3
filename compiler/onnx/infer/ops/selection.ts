/** Operators whose output size may depend on the data: TopK, NonZero, Unique, Compress, NonMaxSuppression. */
import { dimOf } from "../../../../language/tensor/dim.ts";
import { printShape } from "../../../../language/tensor/print-dim.ts";
import { axisIn, dimsOf, dtypeOf, freshShape, intAttribute, knownDims, shapeOf, tensor, withDim } from "../rule.ts";
import type { Rule, RuleTable } from "../rule.ts";
import { truth } from "../scalar-compare.ts";

const topK: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  const axis = input && axisIn(ctx, intAttribute(ctx, "axis", -1), input.length);
  if (!input || axis === undefined) return [tensor(dtype, undefined), tensor("i64", undefined)];
  const attribute = intAttribute(ctx, "k");
  const k = attribute === undefined ? knownDims(ctx, 1)?.[0] : dimOf(attribute);
  const shape = withDim(input, axis, k ?? ctx.fresh());
  return [tensor(dtype, shape), tensor("i64", shape)];
};

const nonZero: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  // A rank-0 tensor counts as one of rank 1.
  const rank = input === undefined ? ctx.fresh() : dimOf(Math.max(1, input.length));
  return [tensor("i64", [rank, ctx.fresh()])];
};

const unique: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  const count = ctx.fresh();
  const lists = [tensor("i64", [count]), tensor("i64", [ctx.fresh()]), tensor("i64", [count])];
  const given = intAttribute(ctx, "axis");
  if (given === undefined) {
    const [first] = input && input.length === 1 ? input : [ctx.fresh()];
    return [tensor(dtype, [count]), lists[0], tensor("i64", [first]), lists[2]];
  }
  const axis = input && axisIn(ctx, given, input.length);
  if (!input || axis === undefined) return [tensor(dtype, undefined), ...lists];
  return [tensor(dtype, withDim(input, axis, count)), lists[0], tensor("i64", [input[axis]]), lists[2]];
};

const compress: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  const condition = ctx.value(1)?.elements.map(truth);
  const known = condition?.every((element) => element !== undefined) ? dimOf(condition.filter(Boolean).length) : ctx.fresh();
  const given = intAttribute(ctx, "axis");
  if (given === undefined) return [tensor(dtype, [known])];
  const axis = input && axisIn(ctx, given, input.length);
  if (!input || axis === undefined) return [tensor(dtype, freshShape(ctx, input?.length))];
  return [tensor(dtype, withDim(input, axis, known))];
};

const nonMaxSuppression: Rule = (ctx) => {
  const boxes = shapeOf(ctx, 0);
  if (boxes && boxes.length !== 3) ctx.problem(`the boxes ${printShape(boxes)} are not of rank 3`);
  return [tensor("i64", dimsOf(ctx.fresh(), 3))];
};

export const selectionRules: RuleTable = {
  TopK: topK,
  NonZero: nonZero,
  Unique: unique,
  Compress: compress,
  NonMaxSuppression: nonMaxSuppression,
};
