/** Quantisation and its inverse in the standard. */
import { elemTypeOfCode } from "../../elem-types.ts";
import type { ElemType } from "../../elem-types.ts";
import { dtypeOf, intAttribute, shapeOf, tensor } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";

/** The type of the zero point, or of `output_dtype`, or u8. */
export function quantizedType(ctx: RuleContext): ElemType {
  if (ctx.has(2)) return dtypeOf(ctx, 2);
  const code = intAttribute(ctx, "output_dtype", 0);
  return code === 0 ? "u8" : elemTypeOfCode(code);
}

/** The type of the scale, or of `output_dtype`. */
function dequantizedType(ctx: RuleContext): ElemType {
  const code = intAttribute(ctx, "output_dtype", 0);
  return code === 0 ? dtypeOf(ctx, 1) : elemTypeOfCode(code);
}

const dynamicQuantizeLinear: Rule = (ctx) => [tensor("u8", shapeOf(ctx, 0)), tensor("f32", []), tensor("u8", [])];

export const quantizeRules: RuleTable = {
  QuantizeLinear: (ctx) => [tensor(quantizedType(ctx), shapeOf(ctx, 0))],
  DequantizeLinear: (ctx) => [tensor(dequantizedType(ctx), shapeOf(ctx, 0))],
  DynamicQuantizeLinear: dynamicQuantizeLinear,
};
