/** Elementwise operators: one output of the inputs' broadcast shape. */
import { dimOf } from "../../../../language/tensor/dim.ts";
import { elemTypeOfCode } from "../../elem-types.ts";
import type { ElemType } from "../../elem-types.ts";
import { broadcastShapes } from "../broadcast.ts";
import { foldElementwise, smallDims } from "../fold.ts";
import { mapValue } from "../known-value.ts";
import type { KnownValue } from "../known-value.ts";
import { dtypeOf, intAttribute, sameAs, shapeOf, tensor } from "../rule.ts";
import type { Output, Rule, RuleContext, RuleTable } from "../rule.ts";
import { arithmetic, unary } from "../scalar-arithmetic.ts";
import { castScalar, compare, truth } from "../scalar-compare.ts";
import type { BinaryOp, UnaryOp } from "../scalar-arithmetic.ts";
import type { Comparison } from "../scalar-compare.ts";
import type { MaybeScalar } from "../scalar.ts";

/** The output is of the first input's type. */
export const sameAsFirst: Rule = (ctx) => [sameAs(ctx, 0)];

/** As the first input, but of truth values. */
const predicate: Rule = (ctx) => [tensor("bool", shapeOf(ctx, 0))];

function folded(op: UnaryOp): Rule {
  return (ctx) => {
    const dtype = dtypeOf(ctx, 0);
    const value = smallDims(shapeOf(ctx, 0)) && ctx.value(0);
    return [tensor(dtype, shapeOf(ctx, 0), value && mapValue(value, (element) => unary(op, element, dtype)))];
  };
}

/** The first known dtype among the inputs. */
function firstDtype(ctx: RuleContext, count: number): ElemType {
  for (let i = 0; i < count; i++) {
    const dtype = dtypeOf(ctx, i);
    if (dtype !== "undefined") return dtype;
  }
  return "undefined";
}

function broadcastOf(ctx: RuleContext, count: number): ReturnType<typeof shapeOf> {
  // Before opset 7 broadcasting went one way, from the second input to the first.
  if (ctx.opset < 7 && ctx.node.domain === "") return shapeOf(ctx, 0);
  return broadcastShapes(ctx, Array.from({ length: count }, (_, i) => shapeOf(ctx, i)));
}

/** Arithmetic over any number of inputs of one dtype. */
function arithmeticRule(op: BinaryOp): Rule {
  return (ctx) => {
    const count = ctx.node.inputs.length;
    const dtype = firstDtype(ctx, count);
    const shape = broadcastOf(ctx, count);
    const combine = (elements: readonly MaybeScalar[]): MaybeScalar => elements.reduce((a, b) => arithmetic(op, a, b, dtype));
    return [tensor(dtype, shape, foldElementwise(ctx, shape, count, combine))];
  };
}

/** Operators of two inputs whose values are of no use for shapes. */
export const broadcastBinary: Rule = (ctx) => [tensor(firstDtype(ctx, 2), broadcastOf(ctx, 2))];

const mod: Rule = (ctx) => arithmeticRule(intAttribute(ctx, "fmod", 0) === 1 ? "fmod" : "mod")(ctx);

/** The result has the base's dtype. */
const pow: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 0);
  const shape = broadcastOf(ctx, 2);
  const combine = ([base, exponent]: readonly MaybeScalar[]): MaybeScalar => arithmetic("pow", base, castScalar(exponent, dtype), dtype);
  return [tensor(dtype, shape, foldElementwise(ctx, shape, 2, combine))];
};

function comparisonRule(op: Comparison, swapped: boolean): Rule {
  return (ctx) => {
    const shape = broadcastOf(ctx, 2);
    const combine = ([a, b]: readonly MaybeScalar[]): MaybeScalar => (swapped ? compare(b, a, op) : compare(a, b, op));
    return [tensor("bool", shape, foldElementwise(ctx, shape, 2, combine))];
  };
}

function logicRule(combineTruth: (a: boolean | undefined, b: boolean | undefined) => boolean | undefined): Rule {
  return (ctx) => {
    const shape = broadcastOf(ctx, 2);
    return [tensor("bool", shape, foldElementwise(ctx, shape, 2, ([a, b]) => combineTruth(truth(a), truth(b))))];
  };
}

const and = logicRule((a, b) => (a === false || b === false ? false : a === undefined || b === undefined ? undefined : true));
const or = logicRule((a, b) => (a === true || b === true ? true : a === undefined || b === undefined ? undefined : false));
const xor = logicRule((a, b) => (a === undefined || b === undefined ? undefined : a !== b));

const where: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 1) === "undefined" ? dtypeOf(ctx, 2) : dtypeOf(ctx, 1);
  const shape = broadcastOf(ctx, 3);
  const combine = ([condition, yes, no]: readonly MaybeScalar[]): MaybeScalar => {
    const known = truth(condition);
    if (known !== undefined) return known ? yes : no;
    return compare(yes, no, "equal") === true ? yes : undefined;
  };
  return [tensor(dtype, shape, foldElementwise(ctx, shape, 3, combine))];
};

function castTo(ctx: RuleContext, to: ElemType): Output {
  const value = smallDims(shapeOf(ctx, 0)) && ctx.value(0);
  return tensor(to, shapeOf(ctx, 0), value && mapValue(value, (element) => castScalar(element, to)));
}

const cast: Rule = (ctx) => [castTo(ctx, elemTypeOfCode(intAttribute(ctx, "to", 0)))];
const castLike: Rule = (ctx) => [castTo(ctx, dtypeOf(ctx, 1))];

/** The elements' bits seen as another type: of the same size since the standard asks for it. */
const bitCast: Rule = (ctx) => [tensor(elemTypeOfCode(intAttribute(ctx, "to", 0)), shapeOf(ctx, 0))];

/** Bounds are inputs from opset 11, attributes before. */
const clip: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 0);
  const shape = shapeOf(ctx, 0);
  const value = smallDims(shape) && ctx.value(0);
  if (!value || ctx.opset < 11) return [tensor(dtype, shape)];
  const low = bound(ctx, 1);
  const high = bound(ctx, 2);
  const clipped = mapValue(value, (element) => {
    const raised = low === null ? element : arithmetic("max", element, low, dtype);
    return high === null ? raised : arithmetic("min", raised, high, dtype);
  });
  return [tensor(dtype, shape, clipped)];
};

/** null: there is no bound. */
function bound(ctx: RuleContext, i: number): MaybeScalar | null {
  return ctx.has(i) ? ctx.value(i)?.elements[0] : null;
}

/** Keeps whatever the input is, its value too. */
export const identity: Rule = (ctx) => {
  const value = smallDims(shapeOf(ctx, 0)) ? ctx.value(0) : undefined;
  return [{ ...sameAs(ctx, 0), ...(value ? { value } : {}) }];
};

/** The mask has the data's type before opset 10 and truth values from then on. */
const dropout: Rule = (ctx) => {
  const mask = ctx.opset < 10 && ctx.node.domain === "" ? sameAs(ctx, 0) : tensor("bool", shapeOf(ctx, 0));
  return [...identity(ctx), mask];
};

const isNaNRule: Rule = (ctx) => {
  const value: KnownValue | undefined = smallDims(shapeOf(ctx, 0)) && ctx.value(0);
  return [tensor("bool", shapeOf(ctx, 0), value && mapValue(value, (element) => (typeof element === "number" ? Number.isNaN(element) : undefined)))];
};

const relu: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 0);
  const value = smallDims(shapeOf(ctx, 0)) && ctx.value(0);
  const zero: MaybeScalar = castScalar(dimOf(0), dtype);
  return [tensor(dtype, shapeOf(ctx, 0), value && mapValue(value, (element) => arithmetic("max", element, zero, dtype)))];
};

function table(names: readonly string[], rule: Rule): RuleTable {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

export const elementwiseRules: RuleTable = {
  ...table(
    [
      "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Celu", "Cos", "Cosh", "CumProd", "CumSum", "Elu", "Erf",
      "Gelu", "HardSigmoid", "HardSwish", "Hardmax", "LRN", "LeakyRelu", "LogSoftmax", "LpNormalization", "MeanVarianceNormalization",
      "Mish", "Selu", "Shrink", "Sigmoid", "Sin", "Sinh", "Softmax", "Softplus", "Softsign", "SwiGLU", "Swish", "Tan", "Tanh",
      "ThresholdedRelu", "PRelu", "ReverseSequence",
    ],
    sameAsFirst,
  ),
  ...table(["BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"], broadcastBinary),
  Abs: folded("abs"),
  Neg: folded("neg"),
  Floor: folded("floor"),
  Ceil: folded("ceil"),
  Round: folded("round"),
  Sqrt: folded("sqrt"),
  Sign: folded("sign"),
  Reciprocal: folded("reciprocal"),
  Exp: folded("exp"),
  Log: folded("log"),
  Not: folded("not"),
  Relu: relu,
  Clip: clip,
  Identity: identity,
  Dropout: dropout,
  Add: arithmeticRule("add"),
  Sub: arithmeticRule("sub"),
  Mul: arithmeticRule("mul"),
  Div: arithmeticRule("div"),
  Max: arithmeticRule("max"),
  Min: arithmeticRule("min"),
  Sum: arithmeticRule("add"),
  Mean: (ctx) => [tensor(firstDtype(ctx, ctx.node.inputs.length), broadcastOf(ctx, ctx.node.inputs.length))],
  Mod: mod,
  Pow: pow,
  Equal: comparisonRule("equal", false),
  Less: comparisonRule("less", false),
  LessOrEqual: comparisonRule("lessOrEqual", false),
  Greater: comparisonRule("less", true),
  GreaterOrEqual: comparisonRule("lessOrEqual", true),
  And: and,
  Or: or,
  Xor: xor,
  IsInf: predicate,
  IsNaN: isNaNRule,
  Where: where,
  Cast: cast,
  CastLike: castLike,
  BitCast: bitCast,
};
