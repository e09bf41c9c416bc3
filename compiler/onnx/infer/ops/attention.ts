/** Attention of the standard (opset 23 on), rotary embeddings, linear attention, and the preview's FlexAttention. */
import { addDims, dimOf, floorDivDim, mulDims } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import type { Shape } from "../inferred-type.ts";
import { dtypeOf, freshShape, intAttribute, sameAs, shapeOf, tensor } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";
import { sameAsFirst } from "./elementwise.ts";

/** A query, key or value by its parts, whether it came as [B, S, heads*size] or as [B, heads, S, size]. */
interface Heads {
  readonly batch: Dim;
  readonly heads: Dim;
  readonly length: Dim;
  readonly size: Dim;
}

function headsOf(shape: Shape | undefined, heads: number | undefined): Heads | undefined {
  if (shape?.length === 4) return { batch: shape[0], heads: shape[1], length: shape[2], size: shape[3] };
  if (shape?.length !== 3 || !heads || heads <= 0) return undefined;
  return { batch: shape[0], heads: dimOf(heads), length: shape[1], size: floorDivDim(shape[2], heads) };
}

/** Y, present_key, present_value, and the product of Q and K. */
const attention: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 0);
  const queryShape = shapeOf(ctx, 0);
  const kvHeads = intAttribute(ctx, "kv_num_heads");
  const query = headsOf(queryShape, intAttribute(ctx, "q_num_heads"));
  const key = headsOf(shapeOf(ctx, 1), kvHeads);
  const value = headsOf(shapeOf(ctx, 2), kvHeads);
  if (!query || !key || !value) return [tensor(dtype, freshShape(ctx, queryShape?.length)), ...unknownPresent(ctx)];
  const past = ctx.has(4) ? shapeOf(ctx, 4) : undefined;
  const pastLength = ctx.has(4) ? (past?.[2] ?? ctx.fresh()) : dimOf(0);
  const total = addDims(pastLength, key.length);
  const result = queryShape?.length === 4
    ? [query.batch, query.heads, query.length, value.size]
    : [query.batch, query.length, mulDims(query.heads, value.size)];
  return [
    tensor(dtype, result),
    tensor(dtypeOf(ctx, 1), [key.batch, key.heads, total, key.size]),
    tensor(dtypeOf(ctx, 2), [value.batch, value.heads, total, value.size]),
    tensor(dtype, [query.batch, query.heads, query.length, total]),
  ];
};

function unknownPresent(ctx: RuleContext): ReturnType<Rule> {
  return [1, 2, 0].map((input) => tensor(dtypeOf(ctx, input), freshShape(ctx, 4)));
}

/** FlexAttention of the preview domain: [B, heads, L, size] in and out. */
const flexAttention: Rule = (ctx) => {
  const [query, value] = [shapeOf(ctx, 0), shapeOf(ctx, 2)];
  if (query?.length !== 4 || value?.length !== 4) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, 4))];
  return [tensor(dtypeOf(ctx, 0), [...query.slice(0, 3), value[3]])];
};

/** [B, T, heads*size] in and out, and a state [B, kv heads, key size, value size]. */
export const linearAttention: Rule = (ctx) => {
  const queryHeads = intAttribute(ctx, "q_num_heads", 0);
  const kvHeads = intAttribute(ctx, "kv_num_heads", queryHeads);
  const [query, key, value] = [shapeOf(ctx, 0), headsOf(shapeOf(ctx, 1), kvHeads), headsOf(shapeOf(ctx, 2), kvHeads)];
  if (!query || query.length !== 3 || !key || !value) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, 3)), tensor(dtypeOf(ctx, 0), freshShape(ctx, 4))];
  const state = ctx.has(3) ? sameAs(ctx, 3) : tensor(dtypeOf(ctx, 0), [query[0], dimOf(kvHeads), key.size, value.size]);
  const heads = Math.max(queryHeads, kvHeads);
  return [tensor(dtypeOf(ctx, 0), [query[0], query[1], mulDims(dimOf(heads), value.size)]), state];
};

export const attentionRules: RuleTable = {
  Attention: attention,
  FlexAttention: flexAttention,
  LinearAttention: linearAttention,
  RotaryEmbedding: sameAsFirst,
};
