/** Operators that give the same elements under another shape or order. All are linear. */
import { constantInt } from "../../../onnx/infer/scalar.ts";
import { reshapeShard } from "../reshape-axes.ts";
import { constantDim, forInputs, fromFront, intAttribute, intsAttribute, intsFrom, passFirst, passSum, type IntegerEdit, type LocalEdit, type RuleContext, type RuleTable, type ShardRule } from "../rule.ts";
import { replicated, type ShardState } from "../tensor-state.ts";

const transpose: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length ?? 0;
  const perm = intsAttribute(ctx, "perm") ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  return [...passFirst(ctx, (axis) => (perm.includes(axis) ? perm.indexOf(axis) : undefined)), ...passSum(ctx)];
};

const reshape: ShardRule = (ctx) => {
  const state = ctx.state(0);
  const [before, after] = [ctx.inputShape(0), ctx.outputShape(0)];
  if (state.kind !== "shard" || !before || !after) return passSum(ctx);
  const out = reshapeShard(state, before, after, ctx.count);
  const edit = out && reshapeEdit(ctx, state, out);
  return out && edit ? [{ inputs: forInputs(ctx, (i) => (i === 0 ? state : replicated)), outputs: [out], edit }] : [];
};

/** The shape operand with the share's length at the divided axis. Undefined if the operand tells too little. */
function reshapeEdit(ctx: RuleContext, state: ShardState, out: ShardState): LocalEdit | undefined {
  const after = ctx.outputShape(0) ?? [];
  const elements = ctx.value(1)?.elements;
  const copiesZero = intAttribute(ctx, "allowzero", 0) === 0;
  const edits = after.map((dim, axis): IntegerEdit | undefined => {
    const element = elements?.[axis];
    const known = element === undefined ? undefined : constantInt(element);
    const length = constantDim(dim);
    if (known === 0 && copiesZero) {
      // A copied length is the share's only where the input is divided at the same axis.
      if (axis === state.axis && axis === out.axis) return "keep";
      if (axis !== state.axis && axis !== out.axis) return "keep";
      return length === undefined ? undefined : axis === out.axis ? length / ctx.count : length;
    }
    if (axis !== out.axis || known === -1) return "keep";
    if (length !== undefined) return length / ctx.count;
    return element === undefined ? undefined : "divide";
  });
  const sound = edits.filter((edit) => edit !== undefined);
  return sound.length === edits.length ? { integers: new Map([[1, sound]]) } : undefined;
}

/** The shape follows from the input's: nothing to change. */
const flatten: ShardRule = (ctx) => {
  const state = ctx.state(0);
  const [before, after] = [ctx.inputShape(0), ctx.outputShape(0)];
  if (state.kind !== "shard" || !before || !after) return passSum(ctx);
  const out = reshapeShard(state, before, after, ctx.count);
  return out ? [{ inputs: [state], outputs: [out] }] : [];
};

const squeeze: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length;
  if (rank === undefined) return passSum(ctx);
  const given = intsFrom(ctx, "axes", 1);
  const axes = given ?? (ctx.node.inputs[1] ? undefined : ctx.inputShape(0)?.flatMap((dim, axis) => (constantDim(dim) === 1 ? [axis] : [])));
  if (!axes) return passSum(ctx);
  const gone = new Set(axes.map((axis) => fromFront(axis, rank)));
  return [...passFirst(ctx, (axis) => (gone.has(axis) ? undefined : axis - [...gone].filter((other) => other < axis).length)), ...passSum(ctx)];
};

const unsqueeze: ShardRule = (ctx) => {
  const rank = ctx.outputShape(0)?.length;
  const axes = intsFrom(ctx, "axes", 1);
  if (rank === undefined || !axes) return passSum(ctx);
  const added = new Set(axes.map((axis) => fromFront(axis, rank)));
  const kept = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !added.has(axis));
  return [...passFirst(ctx, (axis) => kept[axis]), ...passSum(ctx)];
};

/** The lengths of a share are told as those of the whole. */
const shape: ShardRule = (ctx) => {
  const state = ctx.state(0);
  const rank = ctx.inputShape(0)?.length;
  if (state.kind === "partialSum") return [{ inputs: [state], outputs: [replicated] }];
  if (state.kind !== "shard" || rank === undefined) return [];
  const clamp = (axis: number): number => Math.min(rank, Math.max(0, fromFront(axis, rank)));
  const [start, end] = [clamp(intAttribute(ctx, "start", 0)), clamp(intAttribute(ctx, "end", rank))];
  const axes = Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
  return [{ inputs: [state], outputs: [replicated], edit: { lengthens: axes.map((axis) => axis === state.axis) } }];
};

export const viewRules: RuleTable = { Transpose: transpose, Reshape: reshape, Flatten: flatten, Squeeze: squeeze, Unsqueeze: unsqueeze, Shape: shape };
