/** Cost of operators that work element by element, and of reductions and scans over an axis. */
import { perInput, perOutput, type CostRule, type CostTable } from "./cost-rule.ts";

/** One operation per element; the kernel may write over its input. */
const unary: CostRule = { flops: perOutput(1), inPlace: [0] };
const binary: CostRule = { flops: perOutput(1), inPlace: [0, 1] };
/** The output has another element type, so it is a new buffer. */
const test: CostRule = { flops: perOutput(1) };
const reduction: CostRule = { flops: perInput(1) };

function unaryOf(count: number): CostRule {
  return { flops: perOutput(count), inPlace: [0] };
}

const unaryNames = [
  "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor", "Log", "Neg",
  "Not", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Sqrt", "Tan", "Tanh", "BitwiseNot", "Clip",
] as const;
const binaryNames = ["Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Sum", "Mean", "PRelu", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift", "And", "Or", "Xor"] as const;
const testNames = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "IsInf", "IsNaN", "Cast", "CastLike", "Where"] as const;
const reductionNames = [
  "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
  "ArgMax", "ArgMin", "CumSum", "CumProd", "TopK", "Unique", "NonZero", "Hardmax", "Det",
] as const;

function each(names: readonly string[], rule: CostRule): CostTable {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

/** Composite functions count their arithmetic: HardSwish is a multiply-add, two clamps and a product. */
export const elementwiseCosts: CostTable = {
  ...each(unaryNames, unary),
  ...each(binaryNames, binary),
  ...each(testNames, test),
  ...each(reductionNames, reduction),
  Celu: unaryOf(5), Elu: unaryOf(3), Selu: unaryOf(4), LeakyRelu: unaryOf(2), ThresholdedRelu: unaryOf(1), Shrink: unaryOf(2),
  HardSigmoid: unaryOf(4), HardSwish: unaryOf(5), Softplus: unaryOf(3), Softsign: unaryOf(3), Mish: unaryOf(5), Gelu: unaryOf(5), Swish: unaryOf(2),
  Softmax: unaryOf(5), LogSoftmax: unaryOf(5), Dropout: { flops: perOutput(0), inPlace: [0] },
  QuantizeLinear: { flops: perOutput(3) }, DequantizeLinear: { flops: perOutput(2) }, DynamicQuantizeLinear: { flops: perInput(5) },
};

export const microsoftElementwiseCosts: CostTable = {
  Gelu: unaryOf(5), FastGelu: unaryOf(8), BiasGelu: unaryOf(6), QuickGelu: unaryOf(3), BiasSoftmax: unaryOf(6), BiasSplitGelu: { flops: perInput(6) },
  QLinearAdd: { flops: perOutput(4) }, QLinearMul: { flops: perOutput(4) }, QLinearSigmoid: { flops: perOutput(4) }, QLinearLeakyRelu: { flops: perOutput(4) },
  QLinearSoftmax: { flops: perOutput(6) }, QLinearAveragePool: { flops: perInput(2) }, QLinearGlobalAveragePool: { flops: perInput(2) }, QLinearReduceMean: { flops: perInput(2) },
  QuantizeLinear: { flops: perOutput(3) }, DequantizeLinear: { flops: perOutput(2) },
};
