/** Cost of operators that work element by element, and of reductions and scans over an axis. */
import { bytesOf, perInput, perOutput, times, type CostRule, type CostTable } from "./cost-rule.ts";

/** One operation per element into a new buffer. */
const simple: CostRule = { flops: perOutput(1) };
/** One operation per element; onnxruntime's kernel may write over its input (found by measuring each kernel). */
const overwriting: CostRule = { flops: perOutput(1), inPlace: [0] };
const reduction: CostRule = { flops: perInput(1) };

function overwritingOf(count: number): CostRule {
  return { flops: perOutput(count), inPlace: [0] };
}

function simpleOf(count: number): CostRule {
  return { flops: perOutput(count) };
}

/** Keeps intermediate results of the output's size: kernels that work in several passes, or are expanded when loaded. */
function withTemporaries(count: number, temporaries: number): CostRule {
  return { flops: perOutput(count), workspace: (ctx) => times(temporaries, bytesOf(ctx.output(0))) };
}

const simpleNames = [
  "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor", "Log", "Neg", "Not", "Reciprocal", "Round",
  "Sign", "Sin", "Sinh", "Sqrt", "Tan", "BitwiseNot", "Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Sum", "Mean", "PRelu", "BitwiseAnd",
  "BitwiseOr", "BitwiseXor", "BitShift", "And", "Or", "Xor", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "IsInf", "IsNaN",
] as const;
const overwritingNames = ["Relu", "Sigmoid", "Tanh", "Clip", "ThresholdedRelu", "Cast", "CastLike"] as const;
const reductionNames = [
  "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
  "ArgMax", "ArgMin", "CumSum", "CumProd", "TopK", "Unique", "NonZero", "Hardmax", "Det",
] as const;

function each(names: readonly string[], rule: CostRule): CostTable {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

/** Composite functions count their arithmetic: HardSwish is a multiply-add, two clamps and a product. */
export const elementwiseCosts: CostTable = {
  ...each(simpleNames, simple),
  ...each(overwritingNames, overwriting),
  ...each(reductionNames, reduction),
  Celu: overwritingOf(5), Elu: overwritingOf(3), Selu: overwritingOf(4), LeakyRelu: overwritingOf(2), Shrink: overwritingOf(2),
  HardSigmoid: overwritingOf(4), Softplus: overwritingOf(3), Softsign: overwritingOf(3), Softmax: overwritingOf(5), LogSoftmax: overwritingOf(5),
  HardSwish: withTemporaries(5, 1), Mish: withTemporaries(5, 1), Swish: withTemporaries(2, 1), Where: withTemporaries(1, 2), Gelu: simpleOf(5), Dropout: simpleOf(0),
  QuantizeLinear: { flops: perOutput(3) }, DequantizeLinear: { flops: perOutput(2) }, DynamicQuantizeLinear: { flops: perInput(5) },
};

export const microsoftElementwiseCosts: CostTable = {
  Gelu: simpleOf(5), FastGelu: simpleOf(8), QuickGelu: simpleOf(3), BiasGelu: withTemporaries(6, 1), BiasSoftmax: overwritingOf(6), BiasSplitGelu: { flops: perInput(6) },
  QLinearAdd: { flops: perOutput(4) }, QLinearMul: { flops: perOutput(4) }, QLinearSigmoid: { flops: perOutput(4) }, QLinearLeakyRelu: { flops: perOutput(4) },
  QLinearSoftmax: { flops: perOutput(6) }, QLinearAveragePool: { flops: perInput(2) }, QLinearGlobalAveragePool: { flops: perInput(2) }, QLinearReduceMean: { flops: perInput(2) },
  QuantizeLinear: { flops: perOutput(3) }, DequantizeLinear: { flops: perOutput(2) },
};
