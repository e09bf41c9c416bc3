/** Operators that compute each element from the elements at its place, with broadcasting. */
import { equalDims } from "../../../../language/tensor/dim.ts";
import { dividedInputs, forInputs, forOutputs, isOne, isPartial, moved, passSum, type RuleContext, type RuleTable, type ShardOption, type ShardRule } from "../rule.ts";
import { partialSum, replicated, stateKey, type ShardState, type TensorState } from "../tensor-state.ts";

/** Every way in which a divided input goes on: the others are divided alike where they have the axis, whole where they broadcast. */
export function broadcastOptions(ctx: RuleContext, inputs: readonly number[] = ctx.node.inputs.map((_, i) => i)): readonly ShardOption[] {
  const found = new Map<string, ShardOption>();
  const outRank = ctx.outputShape(0)?.length;
  if (outRank === undefined) return [];
  for (const { input, state } of dividedInputs(ctx)) {
    const rank = ctx.inputShape(input)?.length;
    if (rank === undefined || !inputs.includes(input)) continue;
    const out = moved(state, state.axis + outRank - rank);
    const option = optionFor(ctx, out, outRank, inputs);
    if (option) found.set(stateKey(out), option);
  }
  return [...found.values()];
}

function optionFor(ctx: RuleContext, out: ShardState, outRank: number, inputs: readonly number[]): ShardOption | undefined {
  const states: TensorState[] = [];
  const length = ctx.outputShape(0)?.[out.axis];
  for (const [i, name] of ctx.node.inputs.entries()) {
    const shape = ctx.inputShape(i);
    if (name === "" || !inputs.includes(i)) {
      states.push(replicated);
      continue;
    }
    if (!shape || !length) return undefined;
    const axis = out.axis - (outRank - shape.length);
    const dim = shape[axis];
    if (dim === undefined || isOne(dim)) states.push(replicated);
    else if (equalDims(dim, length)) states.push(moved(out, axis));
    else return undefined;
  }
  return { inputs: states, outputs: forOutputs(ctx, () => out) };
}

const pass: ShardRule = (ctx) => broadcastOptions(ctx);

/** Linear in its only input. */
const linear: ShardRule = (ctx) => [...broadcastOptions(ctx), ...passSum(ctx)];

/** a + b or a - b: of sums, the sum; what is not a sum is added by the first rank only. */
const addition: ShardRule = (ctx) => {
  const [a, b] = [isPartial(ctx, 0), isPartial(ctx, 1)];
  const summed: readonly ShardOption[] = a && b ? [{ inputs: [partialSum, partialSum], outputs: [partialSum] }] : [];
  const isSameShape = (i: number): boolean => sameShape(ctx, i);
  const once = a !== b && isSameShape(a ? 0 : 1) && !(b && ctx.node.op === "Sub");
  const added: readonly ShardOption[] = once ? [{ inputs: forInputs(ctx, (i) => (i === (a ? 0 : 1) ? partialSum : replicated)), outputs: [partialSum], edit: { othersPass: a ? 0 : 1 } }] : [];
  return [...broadcastOptions(ctx), ...summed, ...added];
};

/** Whether an input has the shape of the output: nothing broadcasts it. */
function sameShape(ctx: RuleContext, i: number): boolean {
  const [own, out] = [ctx.inputShape(i), ctx.outputShape(0)];
  return own !== undefined && out !== undefined && own.length === out.length && own.every((dim, axis) => equalDims(dim, out[axis] ?? dim));
}

/** Scaling by a value that every rank has. */
const scaling: ShardRule = (ctx) => {
  const partial = ctx.node.inputs.findIndex((_, i) => isPartial(ctx, i));
  const isLinear = partial === 0 || (partial === 1 && ctx.node.op === "Mul");
  const scaled: readonly ShardOption[] = isLinear && !isPartial(ctx, 1 - partial) ? [{ inputs: forInputs(ctx, (i) => (i === partial ? partialSum : replicated)), outputs: [partialSum] }] : [];
  return [...broadcastOptions(ctx), ...scaled];
};

/** Sums of several tensors. */
const sumOfAll: ShardRule = (ctx) => {
  const allPartial = ctx.node.inputs.every((_, i) => isPartial(ctx, i));
  return [...broadcastOptions(ctx), ...(allPartial ? [{ inputs: forInputs(ctx, () => partialSum), outputs: [partialSum] }] : [])];
};

/** Only the first input is divided: the others are a scalar or nothing (bounds, ratios). */
const first: ShardRule = (ctx) => broadcastOptions(ctx, [0]);

const unary = [
  "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Cast", "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "IsInf", "IsNaN",
  "LeakyRelu", "Log", "Mish", "Not", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu",
];
const several = ["And", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Mean", "Min", "Mod", "Or", "PRelu", "Pow", "Where", "Xor"];

export const elementwiseRules: RuleTable = {
  ...Object.fromEntries([...unary, ...several].map((op) => [op, pass])),
  Neg: linear, Identity: linear,
  Add: addition, Sub: addition, Mul: scaling, Div: scaling, Sum: sumOfAll,
  Clip: first, Dropout: first, CastLike: first,
};

export const microsoftElementwiseRules: RuleTable = {
  ...Object.fromEntries(["Gelu", "QuickGelu", "BiasGelu", "FastGelu"].map((op) => [op, pass])),
};
