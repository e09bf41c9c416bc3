/** Operators that look along some axes: the others keep their division. */
import { constantInts, dividedInputs, forInputs, forOutputs, fromFront, intAttribute, intsFrom, moved, passSum, type RuleContext, type RuleTable, type ShardOption, type ShardRule } from "../rule.ts";
import { partialSum, replicated, type ShardState } from "../tensor-state.ts";

/** Axes that are reduced; undefined if only data tells. */
function reducedAxes(ctx: RuleContext, rank: number): ReadonlySet<number> | undefined {
  const given = intsFrom(ctx, "axes", 1);
  if (!given && ctx.node.inputs[1]) return undefined;
  const isNothing = !given && intAttribute(ctx, "noop_with_empty_axes", 0) !== 0;
  const axes = given && given.length > 0 ? given : isNothing ? [] : Array.from({ length: rank }, (_, axis) => axis);
  return new Set(axes.map((axis) => fromFront(axis, rank)));
}

function reduction(kind: "sum" | "mean" | "other"): ShardRule {
  return (ctx) => {
    const state = ctx.state(0);
    const rank = ctx.inputShape(0)?.length;
    const axes = rank === undefined ? undefined : reducedAxes(ctx, rank);
    if (!axes) return [];
    if (state.kind === "partialSum") return kind === "other" ? [] : passSum(ctx);
    if (state.kind !== "shard") return [];
    const inputs = forInputs(ctx, (i) => (i === 0 ? state : replicated));
    if (axes.has(state.axis)) return kind === "sum" ? [{ inputs, outputs: [partialSum] }] : [];
    const before = intAttribute(ctx, "keepdims", 1) !== 0 ? 0 : [...axes].filter((axis) => axis < state.axis).length;
    return [{ inputs, outputs: [moved(state, state.axis - before)] }];
  };
}

/** Along one axis; the output has the input's shape. Before version 13, all axes from that one on. */
function along(name: string, otherwise: number, flattensBefore: number): ShardRule {
  return (ctx) => {
    const rank = ctx.inputShape(0)?.length;
    if (rank === undefined) return [];
    const flattens = ctx.opset < flattensBefore;
    const axis = fromFront(intAttribute(ctx, name, flattens ? 1 : otherwise), rank);
    return keeping(ctx, (own) => (flattens ? own < axis : own !== axis));
  };
}

/** The first input keeps its division if the axis may be divided. */
function keeping(ctx: RuleContext, mayDivide: (axis: number) => boolean): readonly ShardOption[] {
  const state = ctx.state(0);
  if (state.kind !== "shard" || !mayDivide(state.axis)) return [];
  return [{ inputs: forInputs(ctx, (i) => (i === 0 ? state : replicated)), outputs: forOutputs(ctx, () => state) }];
}

/** Normalised over the last axes: those before may be divided, and the parameters are whole. */
const layerNormalization: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length;
  if (rank === undefined) return [];
  const axis = fromFront(intAttribute(ctx, "axis", -1), rank);
  const parametersPass = ctx.node.inputs.slice(1).every((_, i) => (ctx.inputShape(i + 1)?.length ?? rank) <= rank - axis);
  return parametersPass ? keeping(ctx, (own) => own < axis) : [];
};

const argument: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length;
  const state = ctx.state(0);
  if (rank === undefined || state.kind !== "shard") return [];
  const axis = fromFront(intAttribute(ctx, "axis", 0), rank);
  if (axis === state.axis) return [];
  const shift = intAttribute(ctx, "keepdims", 1) === 0 && axis < state.axis ? 1 : 0;
  return [{ inputs: [state], outputs: [moved(state, state.axis - shift)] }];
};

const cumulative: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length;
  const axis = constantInts(ctx, 1)?.[0];
  return rank === undefined || axis === undefined ? [] : [...keeping(ctx, (own) => own !== fromFront(axis, rank)), ...passSum(ctx)];
};

/** Triangles lie in the last two axes. */
const triangle: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length ?? 0;
  return [...keeping(ctx, (own) => own < rank - 2), ...passSum(ctx)];
};

/** Skip connections are divided with the input; the output may also give the sum of both. */
const skipNormalization: ShardRule = (ctx) => {
  const rank = ctx.inputShape(0)?.length;
  return dividedInputs(ctx).flatMap(({ input, state }): readonly ShardOption[] => {
    const isBefore = rank !== undefined && ctx.inputShape(1)?.length === rank && state.axis < rank - 1 && input <= 1;
    return isBefore ? [{ inputs: forInputs(ctx, (i): ShardState | typeof replicated => (i <= 1 ? state : replicated)), outputs: forOutputs(ctx, () => state) }] : [];
  });
};

const others = ["ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"];

export const reductionRules: RuleTable = {
  ReduceSum: reduction("sum"), ReduceMean: reduction("mean"), ...Object.fromEntries(others.map((op) => [op, reduction("other")])),
  Softmax: along("axis", -1, 13), LogSoftmax: along("axis", -1, 13), Hardmax: along("axis", -1, 13), LpNormalization: along("axis", -1, 0), TopK: along("axis", -1, 0),
  ArgMax: argument, ArgMin: argument, CumSum: cumulative, Trilu: triangle,
  LayerNormalization: layerNormalization, RMSNormalization: layerNormalization, SimplifiedLayerNormalization: layerNormalization,
};

export const microsoftReductionRules: RuleTable = {
  SkipLayerNormalization: skipNormalization, SkipSimplifiedLayerNormalization: skipNormalization,
};
