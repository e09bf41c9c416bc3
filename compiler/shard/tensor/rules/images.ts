/** Convolutions, pooling and what normalises by channel. Axis 1 holds the channels. */
import { constantDim, dividing, forInputs, forOutputs, intAttribute, moved, plainDivision, type LocalEdit, type RuleContext, type RuleTable, type ShardOption, type ShardRule } from "../rule.ts";
import { partialSum, replicated, type ShardState, type TensorState } from "../tensor-state.ts";

/**
 * Weights are [M, C/group, k…], or [C, M/group, k…] where they are transposed. They are divided by output channel: each
 * output is then added up as in the whole, which matters in deep networks that amplify rounding. By input channel only
 * where the outputs cannot be divided.
 */
function convolution(isTransposed: boolean): ShardRule {
  return (ctx) => {
    const group = intAttribute(ctx, "group", 1);
    if (!ctx.isConstant(1)) return [];
    if (group > 1) return grouped(ctx, group, isTransposed);
    const options = byOutput(ctx, isTransposed);
    return options.length > 0 ? options : byInput(ctx, isTransposed);
  };
}

/** Further inputs: a bias by output channel; what else there is stays whole. */
function rest(ctx: RuleContext, bias: TensorState): readonly TensorState[] {
  return ctx.node.inputs.slice(2).map((_, i) => (i === 0 ? bias : replicated));
}

/** Each rank computes some of the output channels from all input channels. */
function byOutput(ctx: RuleContext, isTransposed: boolean): readonly ShardOption[] {
  return ctx.divisions(1).flatMap((runs): readonly ShardOption[] => {
    const weight = dividing(ctx, ctx.inputShape(1), isTransposed ? 1 : 0, runs);
    return weight ? [{ inputs: [replicated, weight, ...rest(ctx, moved(weight, 0))], outputs: [moved(weight, 1)] }] : [];
  });
}

/** Each rank has some of the input channels: the outputs are parts of a sum. */
function byInput(ctx: RuleContext, isTransposed: boolean): readonly ShardOption[] {
  const state = ctx.state(0);
  const axis = isTransposed ? 0 : 1;
  const input = state.kind === "shard" && state.axis === 1 ? state : undefined;
  const own = input ?? (state.kind === "replicated" ? plainDivision(ctx, ctx.inputShape(0), 1) : undefined);
  const weight = own && dividing(ctx, ctx.inputShape(1), axis, own.runs);
  if (!own || !weight) return [];
  const edit: LocalEdit = ctx.node.inputs[2] ? { firstRankOnly: [2] } : {};
  return [{ inputs: [own, weight, ...rest(ctx, replicated)], outputs: [partialSum], edit }];
}

/** Groups stay together: each rank has some of them, inputs and outputs alike. */
function grouped(ctx: RuleContext, group: number, isTransposed: boolean): readonly ShardOption[] {
  const [before, after] = [constantDim(ctx.inputShape(0)?.[1]), constantDim(ctx.outputShape(0)?.[1])];
  const state = ctx.state(0);
  if (before === undefined || after === undefined || group % ctx.count !== 0) return [];
  const own = state.kind === "shard" && state.axis === 1 ? state : plainDivision(ctx, ctx.inputShape(0), 1);
  const perGroup = before / group;
  if (!own || own.runs.some((run) => run % (perGroup * ctx.count) !== 0)) return [];
  const runsAfter = own.runs.map((run) => (run / perGroup) * (after / group));
  const weight = dividing(ctx, ctx.inputShape(1), 0, isTransposed ? own.runs : runsAfter);
  const out = dividing(ctx, ctx.outputShape(0), 1, runsAfter);
  if (!weight || !out) return [];
  return [{ inputs: [own, weight, ...rest(ctx, moved(out, 0))], outputs: [out], edit: { attributes: { group: { kind: "int", value: group / ctx.count } } } }];
}

/** Activations are fused behind: a sum must come before them. */
const fusedConvolution: ShardRule = (ctx) => {
  const addend = ctx.node.inputs[3];
  return convolution(false)(ctx).flatMap((option) => {
    const out = option.outputs[0] ?? replicated;
    if (out.kind === "partialSum") return [];
    return [addend ? { ...option, inputs: forInputs(ctx, (i) => (i === 3 ? out : (option.inputs[i] ?? replicated))) } : option];
  });
};

/** Channels do not mix; images and channels may be divided. */
function channelwise(isLinear: boolean): ShardRule {
  return (ctx) => {
    const state = ctx.state(0);
    if (state.kind === "partialSum") return isLinear ? [{ inputs: [state], outputs: [state] }] : [];
    return state.kind === "shard" && state.axis <= 1 ? [{ inputs: [state], outputs: forOutputs(ctx, () => state) }] : [];
  };
}

/** Parameters by channel are divided with the channels. */
const byChannel: ShardRule = (ctx) => {
  const state = ctx.state(0);
  if (state.kind !== "shard" || state.axis > 1) return [];
  return [{ inputs: forInputs(ctx, (i) => (i === 0 ? state : state.axis === 1 ? moved(state, 0) : replicated)), outputs: forOutputs(ctx, (i) => (i === 0 ? state : replicated)) }];
};

/** Groups of channels stay together. Parameters are by group, or by channel from version 21. */
const groupNormalization: ShardRule = (ctx) => {
  const state = ctx.state(0);
  const channels = constantDim(ctx.inputShape(0)?.[1]);
  const groups = intAttribute(ctx, "num_groups", 1);
  if (state.kind !== "shard" || state.axis !== 1 || channels === undefined || groups % ctx.count !== 0) return [];
  const perGroup = channels / groups;
  if (state.runs.some((run) => run % (perGroup * ctx.count) !== 0)) return [];
  const parameters = ctx.node.inputs.map((_, i): ShardState | undefined => {
    if (i === 0) return state;
    return dividing(ctx, ctx.inputShape(i), 0, constantDim(ctx.inputShape(i)?.[0]) === channels ? state.runs : state.runs.map((run) => run / perGroup));
  });
  const inputs = parameters.filter((found) => found !== undefined);
  return inputs.length === parameters.length ? [{ inputs, outputs: [state], edit: { attributes: { num_groups: { kind: "int", value: groups / ctx.count } } } }] : [];
};

export const imageRules: RuleTable = {
  Conv: convolution(false), ConvTranspose: convolution(true),
  MaxPool: channelwise(false), GlobalMaxPool: channelwise(false), LpPool: channelwise(false), GlobalLpPool: channelwise(false),
  AveragePool: channelwise(true), GlobalAveragePool: channelwise(true),
  BatchNormalization: byChannel, InstanceNormalization: byChannel, GroupNormalization: groupNormalization,
};

export const microsoftImageRules: RuleTable = { FusedConv: fusedConvolution };
