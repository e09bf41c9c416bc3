/** Attention as one operator: each rank has some of the heads, with the keys and values that they attend to. */
import type { AttributeDraft } from "../../../onnx/model-draft.ts";
import { constantDim, dividing, forInputs, forOutputs, intAttribute, intsAttribute, isOne, moved, type RuleContext, type RuleTable, type ShardOption, type ShardRule } from "../rule.ts";
import { replicated, shard, type ShardState, type TensorState } from "../tensor-state.ts";

/** Version 23: [B, H, S, D], or [B, S, H * D] with the numbers of heads as attributes. */
const attention: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length;
  const query = ctx.state(0);
  if (rank === undefined || query.kind !== "shard" || ctx.node.inputs.slice(4).some((name) => name !== "")) return [];
  if (rank === 4) return query.axis === 0 || query.axis === 1 ? byHead4(ctx, query) : [];
  return rank === 3 && query.axis === 2 ? byHead3(ctx) : [];
};

function byHead4(ctx: RuleContext, query: ShardState): readonly ShardOption[] {
  const key = sameShare(ctx, query, 1, query.axis);
  const value = sameShare(ctx, query, 2, query.axis);
  const mask = maskState(ctx, 3, query);
  if (!key || !value || !mask || query.runs.length !== 1) return [];
  return [{ inputs: [query, key, value, mask], outputs: forOutputs(ctx, (i) => (i === 0 || i === 3 ? query : moved(key, query.axis))) }];
}

/** Fewer heads of keys and values: divided where their number can be. */
function sameShare(ctx: RuleContext, query: ShardState, i: number, axis: number): ShardState | undefined {
  const length = constantDim(ctx.inputShape(i)?.[axis]);
  return length === undefined ? dividing(ctx, ctx.inputShape(i), axis, query.runs) : dividing(ctx, ctx.inputShape(i), axis, [length]);
}

function byHead3(ctx: RuleContext): readonly ShardOption[] {
  const [heads, kvHeads] = [intAttribute(ctx, "q_num_heads", 0), intAttribute(ctx, "kv_num_heads", 0)];
  if (heads === 0 || kvHeads === 0 || heads % ctx.count !== 0 || kvHeads % ctx.count !== 0) return [];
  const [key, value] = [wholeAxis(ctx, 1, 2), wholeAxis(ctx, 2, 2)];
  const own = wholeAxis(ctx, 0, 2);
  const mask = ctx.node.inputs[3] && !isOne(ctx.inputShape(3)?.at(-3)) && (ctx.inputShape(3)?.length ?? 0) > 2 ? undefined : replicated;
  const out = dividing(ctx, ctx.outputShape(0), 2, [constantDim(ctx.outputShape(0)?.[2]) ?? 0]);
  if (!key || !value || !own || !mask || !out) return [];
  const attributes: Readonly<Record<string, AttributeDraft>> = { q_num_heads: { kind: "int", value: heads / ctx.count }, kv_num_heads: { kind: "int", value: kvHeads / ctx.count } };
  return [{ inputs: [own, key, value, mask], outputs: forOutputs(ctx, (i) => (i === 0 ? out : shard(1, [i === 3 ? heads : kvHeads]))), edit: { attributes } }];
}

function wholeAxis(ctx: RuleContext, i: number, axis: number): ShardState | undefined {
  return dividing(ctx, ctx.inputShape(i), axis, [constantDim(ctx.inputShape(i)?.[axis]) ?? 0]);
}

/** Masks are [..., H or 1, S, T]. */
function maskState(ctx: RuleContext, i: number, query: ShardState): TensorState | undefined {
  const shape = ctx.inputShape(i);
  if (!ctx.node.inputs[i]) return replicated;
  if (!shape) return undefined;
  const axis = shape.length - 4 + query.axis;
  const dim = shape[axis];
  return dim === undefined || isOne(dim) ? replicated : dividing(ctx, shape, axis, query.runs);
}

/** x by a fused weight [I, 3 * hidden], then attention: the heads of each third are divided. */
const microsoftAttention: ShardRule = (ctx) => {
  const heads = intAttribute(ctx, "num_heads", 0);
  const sizes = intsAttribute(ctx, "qkv_hidden_sizes");
  const columns = constantDim(ctx.inputShape(1)?.[1]);
  const isPlain = ctx.node.inputs.slice(4).every((name) => name === "") && intAttribute(ctx, "do_rotary", 0) === 0;
  if (heads === 0 || heads % ctx.count !== 0 || columns === undefined || !ctx.isConstant(1) || !isPlain || ctx.node.outputs.length > 1) return [];
  const runs = sizes ?? [columns / 3, columns / 3, columns / 3];
  const weight = dividing(ctx, ctx.inputShape(1), 1, shard(1, runs).runs);
  const out = dividing(ctx, ctx.outputShape(0), 2, [runs[2] ?? 0]);
  if (!weight || !out || runs.some((run) => run % heads !== 0)) return [];
  const attributes: Readonly<Record<string, AttributeDraft>> = {
    num_heads: { kind: "int", value: heads / ctx.count }, ...(sizes ? { qkv_hidden_sizes: { kind: "ints", value: sizes.map((size) => size / ctx.count) } } : {}),
  };
  return [{ inputs: forInputs(ctx, (i) => (i === 1 ? weight : i === 2 ? moved(weight, 0) : replicated)), outputs: [out], edit: { attributes } }];
};

/** q, k and v of [B, S, hidden] apart; packed and cached forms have no rule. */
const multiHeadAttention: ShardRule = (ctx) => {
  const heads = intAttribute(ctx, "num_heads", 0);
  const query = ctx.state(0);
  const isPlain = [0, 1, 2].every((i) => ctx.node.inputs[i] && ctx.inputShape(i)?.length === 3) && ctx.node.inputs.slice(6).every((name) => name === "") && ctx.node.outputs.length === 1;
  if (query.kind !== "shard" || query.axis !== 2 || !isPlain || heads === 0 || heads % ctx.count !== 0) return [];
  const parts = [0, 1, 2].map((i) => wholeAxis(ctx, i, 2));
  const found = parts.filter((state) => state !== undefined);
  const [q, k, v] = found;
  const lengths = [0, 1, 2].map((i) => constantDim(ctx.inputShape(i)?.[2]) ?? 0);
  const isBroadcast = !ctx.node.inputs[5] || isOne(ctx.inputShape(5)?.at(-3));
  if (!q || !k || !v || found.length !== 3 || !isBroadcast) return [];
  const bias = ctx.node.inputs[3] ? dividing(ctx, ctx.inputShape(3), 0, shard(0, lengths).runs) : replicated;
  if (!bias) return [];
  return [{ inputs: forInputs(ctx, (i) => found[i] ?? (i === 3 ? bias : replicated)), outputs: [moved(v, 2)], edit: { attributes: { num_heads: { kind: "int", value: heads / ctx.count } } } }];
};

/** Positions turn pairs within a head: heads may be divided. Rank 3 has them merged with the heads' sizes. */
const rotaryEmbedding: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length;
  const state = ctx.state(0);
  if (state.kind !== "shard" || rank === undefined) return [];
  const inputs = forInputs(ctx, (i) => (i === 0 ? state : replicated));
  if (rank === 4 && state.axis === 1) return [{ inputs, outputs: [state] }];
  const heads = intAttribute(ctx, "num_heads", 0);
  if (rank !== 3 || state.axis !== 2 || state.runs.length !== 1 || heads === 0 || heads % ctx.count !== 0) return [];
  const isWhole = constantDim(ctx.inputShape(0)?.[2]) === state.runs[0];
  return isWhole ? [{ inputs, outputs: [state], edit: { attributes: { num_heads: { kind: "int", value: heads / ctx.count } } } }] : [];
};

export const attentionRules: RuleTable = { Attention: attention, RotaryEmbedding: rotaryEmbedding };

export const microsoftAttentionRules: RuleTable = { Attention: microsoftAttention, MultiHeadAttention: multiHeadAttention, RotaryEmbedding: rotaryEmbedding };
