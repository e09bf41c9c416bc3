/** onnxruntime's attention operators, as transformer exporters and its own optimiser write them. */
import { addDims, dimOf, floorDivDim, maxDims, mulDims } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import type { ElemType } from "../../elem-types.ts";
import type { Shape } from "../inferred-type.ts";
import { dtypeOf, freshShape, intAttribute, intsAttribute, sameAs, shapeOf, shapeOfRank, tensor } from "../rule.ts";
import type { Output, Rule, RuleContext, RuleTable } from "../rule.ts";
import { isInteger } from "../scalar.ts";
import { sameAsFirst } from "./elementwise.ts";

/** The width of the value part: of `qkv_hidden_sizes`, or a third of the packed weights. */
function valueWidth(ctx: RuleContext, weights: Shape | undefined): Dim {
  const sizes = intsAttribute(ctx, "qkv_hidden_sizes");
  if (sizes?.length === 3 && sizes[2] > 0) return dimOf(sizes[2]);
  return weights?.length === 2 ? floorDivDim(weights[1], 3) : ctx.fresh();
}

/** Packed weights [hidden, 3*hidden]; `present` is [2, B, heads, total, size]. */
function packedAttention(past: number, dtype: (ctx: RuleContext) => ElemType): Rule {
  return (ctx) => {
    const input = shapeOf(ctx, 0);
    if (input?.length !== 3) return [tensor(dtype(ctx), freshShape(ctx, 3)), tensor(dtype(ctx), freshShape(ctx, 5))];
    const width = valueWidth(ctx, shapeOf(ctx, 1));
    return [tensor(dtype(ctx), [input[0], input[1], width]), tensor(dtype(ctx), presentOf(ctx, past, input, width))];
  };
}

function presentOf(ctx: RuleContext, past: number, input: Shape, width: Dim): Shape {
  const heads = intAttribute(ctx, "num_heads", 1);
  const before = ctx.has(past) ? shapeOf(ctx, past) : undefined;
  const shared = intAttribute(ctx, "past_present_share_buffer", 0) === 1;
  if (before?.length === 5) return [...before.slice(0, 3), shared ? before[3] : addDims(before[3], input[1]), before[4]];
  const length = ctx.has(past) ? ctx.fresh() : input[1];
  return [dimOf(2), input[0], dimOf(heads), length, floorDivDim(width, Math.max(heads, 1))];
}

/** Query, key and value as [B, S, hidden]; or packed: QKV [B, S, N, 3, H], KV [B, L, N, 2, H]; or kept [B, N, L, H]. */
const multiHeadAttention: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 0);
  const query = shapeOfRank(ctx, 0, 3, 5);
  const heads = intAttribute(ctx, "num_heads", 1);
  if (!query) return [tensor(dtype, freshShape(ctx, 3)), ...[1, 2, 3].map(() => tensor(dtype, freshShape(ctx, 4)))];
  const parts = multiHeadParts(ctx, query, heads);
  const pastLength = ctx.has(6) ? (shapeOf(ctx, 6)?.[2] ?? ctx.fresh()) : dimOf(0);
  const total = ctx.has(8) && ctx.has(6) ? pastLength : addDims(pastLength, parts.keyLength);
  return [
    tensor(dtype, [parts.batch, parts.length, parts.valueWidth]),
    tensor(dtype, [parts.batch, dimOf(heads), total, parts.keySize]),
    tensor(dtype, [parts.batch, dimOf(heads), total, floorDivDim(parts.valueWidth, Math.max(heads, 1))]),
    tensor(dtype, [parts.batch, dimOf(heads), parts.length, total]),
  ];
};

interface Parts {
  readonly batch: Dim;
  readonly length: Dim;
  readonly keyLength: Dim;
  readonly keySize: Dim;
  readonly valueWidth: Dim;
}

function multiHeadParts(ctx: RuleContext, query: Shape, heads: number): Parts {
  const [batch, length] = query;
  if (query.length === 5) {
    const width = mulDims(query[2], query[4]);
    return { batch, length, keyLength: length, keySize: query[4], valueWidth: width };
  }
  const width = query[2];
  const keySize = floorDivDim(width, Math.max(heads, 1));
  const key = shapeOf(ctx, 1);
  if (key?.length === 5) return { batch, length, keyLength: key[1], keySize: key[4], valueWidth: mulDims(key[2], key[4]) };
  if (key?.length === 4) return { batch, length, keyLength: key[2], keySize: key[3], valueWidth: fourDimWidth(ctx, width) };
  const value = ctx.has(2) ? shapeOf(ctx, 2) : undefined;
  const valueWidthDim = value?.length === 3 ? value[2] : value?.length === 4 ? fourDimWidth(ctx, width) : width;
  return { batch, length, keyLength: key?.[1] ?? length, keySize, valueWidth: valueWidthDim };
}

function fourDimWidth(ctx: RuleContext, otherwise: Dim): Dim {
  const value = shapeOf(ctx, 2);
  return value?.length === 4 ? mulDims(value[1], value[3]) : otherwise;
}

/** Query [B, S, heads*size], or packed with key and value [B, S, (heads + 2*kv)*size]; caches [B, kv, length, size]. */
const groupQueryAttention: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 0);
  const query = shapeOf(ctx, 0);
  const heads = intAttribute(ctx, "num_heads", 1);
  const kvHeads = intAttribute(ctx, "kv_num_heads", heads);
  if (query?.length !== 3) return [tensor(dtype, freshShape(ctx, 3)), tensor(dtype, freshShape(ctx, 4)), tensor(dtype, freshShape(ctx, 4))];
  const size = ctx.has(1) ? floorDivDim(query[2], Math.max(heads, 1)) : floorDivDim(query[2], Math.max(heads + 2 * kvHeads, 1));
  const result = tensor(dtype, [query[0], query[1], mulDims(size, dimOf(heads))]);
  return [result, presentCache(ctx, 3, query, kvHeads, size), presentCache(ctx, 4, query, kvHeads, size)];
};

/** As long as the past or the total sequence, whichever is longer; the total is an input. */
function presentCache(ctx: RuleContext, past: number, query: Shape, kvHeads: number, size: Dim): Output {
  const dtype = ctx.has(past) ? dtypeOf(ctx, past) : dtypeOf(ctx, 0);
  const total = ctx.value(6)?.elements[0];
  const before = ctx.has(past) ? shapeOf(ctx, past) : [query[0], dimOf(kvHeads), dimOf(0), size];
  const length = isInteger(total) && before?.length === 4 ? maxDims(before[2], total) : ctx.fresh();
  return tensor(dtype, [query[0], dimOf(kvHeads), length, before?.[3] ?? size]);
}

/** Decoding one token at a time; caches grow by the key or are written in place. */
const decoderMasked: Rule = (ctx) => {
  const value = shapeOf(ctx, 2);
  const query = shapeOf(ctx, 0);
  const width = value?.length === 3 ? value[2] : query?.at(-1);
  return [
    tensor(dtypeOf(ctx, 0), query && width && [...query.slice(0, -1), width]),
    sameAs(ctx, 5),
    sameAs(ctx, 6),
    tensor(dtypeOf(ctx, 0), freshShape(ctx, 4)),
  ];
};

/** Tokens without padding: [tokens, value width]. */
const packedTokens: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const value = ctx.has(2) ? shapeOf(ctx, 2) : undefined;
  const width = value?.length === 2 && ctx.node.op === "PackedMultiHeadAttention" ? value[1] : undefined;
  if (ctx.node.op === "PackedAttention") return [tensor(dtypeOf(ctx, 0), [input?.[0] ?? ctx.fresh(), valueWidth(ctx, shapeOf(ctx, 1))])];
  const packed = input?.length === 4 ? mulDims(input[1], input[3]) : input?.[1];
  return [tensor(dtypeOf(ctx, 0), [input?.[0] ?? ctx.fresh(), width ?? packed ?? ctx.fresh()])];
};

/** Which tokens are real is data. */
const removePadding: Rule = (ctx) => {
  const [batch, length, width] = shapeOfRank(ctx, 0, 3) ?? [ctx.fresh(), ctx.fresh(), ctx.fresh()];
  return [
    tensor(dtypeOf(ctx, 0), [ctx.fresh(), width]),
    tensor("i32", [batch, length]),
    tensor("i32", [addDims(batch, dimOf(1))]),
    tensor("i32", [dimOf(1)]),
  ];
};

const restorePadding: Rule = (ctx) => {
  const [tokens, offsets] = [shapeOfRank(ctx, 0, 2), shapeOf(ctx, 1)];
  return [tensor(dtypeOf(ctx, 0), offsets && tokens && [...offsets, tokens[1]])];
};

/** [1, heads, query length, key length]. */
const relativePositionBias: Rule = (ctx) => {
  const table = shapeOf(ctx, 0);
  const length = (i: number): Dim => {
    const value = ctx.value(i)?.elements[0];
    return isInteger(value) ? value : ctx.fresh();
  };
  return [tensor(dtypeOf(ctx, 0), [dimOf(1), table?.[1] ?? ctx.fresh(), length(1), length(2)])];
};

/** Query layer [B, S, hidden] or [tokens, hidden], position bias [1, heads, S, S]. */
const gatedRelativePositionBias: Rule = (ctx) => {
  const [query, position] = [shapeOf(ctx, 0), shapeOfRank(ctx, 2, 4)];
  const batch = query?.length === 3 ? query[0] : (shapeOf(ctx, 6)?.[0] ?? ctx.fresh());
  return [tensor(dtypeOf(ctx, 0), position && [batch, ...position.slice(1)])];
};

export const contribAttentionRules: RuleTable = {
  Attention: packedAttention(4, (ctx) => dtypeOf(ctx, 0)),
  QAttention: packedAttention(8, (ctx) => dtypeOf(ctx, 3)),
  MultiHeadAttention: multiHeadAttention,
  GroupQueryAttention: groupQueryAttention,
  SparseAttention: groupQueryAttention,
  DecoderMaskedMultiHeadAttention: decoderMasked,
  LongformerAttention: sameAsFirst,
  PackedAttention: packedTokens,
  PackedMultiHeadAttention: packedTokens,
  RemovePadding: removePadding,
  RestorePadding: restorePadding,
  RelativePositionBias: relativePositionBias,
  GatedRelativePositionBias: gatedRelativePositionBias,
  RotaryEmbedding: sameAsFirst,
  GemmaRotaryEmbedding: (ctx) => [sameAs(ctx, 1), sameAs(ctx, 3)],
};
