/** Operators that make tensors of nothing: Constant, Range, EyeLike, random numbers. */
import { ceilDivDim, constantOf, dimOf, maxDims, subDims, zeroDim } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { proveLessEqual } from "../../../../language/tensor/bound-dim.ts";
import { elemTypeOfCode } from "../../elem-types.ts";
import type { ElemType } from "../../elem-types.ts";
import { dtypeOf, dimsOf, intAttribute, intsAttribute, shapeOf, tensor, unknownOutput } from "../rule.ts";
import type { Output, Rule, RuleContext, RuleTable } from "../rule.ts";
import { knownElementsMax, scalarValue, vectorValue } from "../known-value.ts";
import type { KnownValue } from "../known-value.ts";
import { arithmetic, unary } from "../scalar-arithmetic.ts";
import { castScalar } from "../scalar-compare.ts";
import { isInteger } from "../scalar.ts";
import type { MaybeScalar } from "../scalar.ts";

/** The standard has six ways to write a constant. */
const constant: Rule = (ctx) => {
  const forms = ["value", "value_int", "value_float", "value_ints", "value_floats", "value_string", "value_strings", "sparse_value"];
  for (const form of forms) {
    const output = constantFrom(ctx, form);
    if (output) return [output];
  }
  return [unknownOutput];
};

function constantFrom(ctx: RuleContext, form: string): Output | undefined {
  const attribute = ctx.attribute(form);
  switch (attribute?.kind) {
    case "tensor": {
      const { dtype, dims } = attribute.value;
      return tensor(dtype, dims.map((dim) => dimOf(dim)), ctx.readTensor(attribute.value));
    }
    case "sparseTensor":
      return tensor(attribute.value.values.dtype, attribute.value.dims.map((dim) => dimOf(dim)));
    case "int":
      return tensor("i64", [], scalarValue(dimOf(attribute.value)));
    case "float":
      return tensor("f32", [], scalarValue(attribute.value));
    case "string":
      return tensor("string", [], scalarValue(attribute.value));
    case "ints":
      return list("i64", attribute.value.map((value) => dimOf(value)));
    case "floats":
      return list("f32", attribute.value);
    case "strings":
      return list("string", attribute.value);
    default:
      return undefined;
  }
}

function list(dtype: ElemType, elements: readonly MaybeScalar[]): Output {
  return tensor(dtype, dimsOf(elements.length), elements.length <= knownElementsMax ? vectorValue(elements) : undefined);
}

/** max(0, ceil((limit - start) / delta)) elements. */
const range: Rule = (ctx) => {
  const dtype = dtypeOf(ctx, 0);
  const [start, limit, given] = [0, 1, 2].map((i) => ctx.value(i)?.elements[0]);
  // onnxruntime's own Range may leave the step out.
  const delta = ctx.has(2) ? given : castScalar(dimOf(1), dtype);
  const length = rangeLength(start, limit, delta, dtype);
  if (!length) return [tensor(dtype, [ctx.fresh()])];
  return [tensor(dtype, [length], rangeValue(start, delta, length, dtype))];
};

function rangeLength(start: MaybeScalar, limit: MaybeScalar, delta: MaybeScalar, dtype: ElemType): Dim | undefined {
  if (isInteger(start) && isInteger(limit) && isInteger(delta)) {
    const step = constantOf(delta);
    if (step === undefined || step === 0n) return undefined;
    const span = step > 0n ? subDims(limit, start) : subDims(start, limit);
    return atLeastZero(ceilDivDim(span, step > 0n ? step : -step));
  }
  const steps = unary("ceil", arithmetic("div", arithmetic("sub", limit, start, dtype), delta, dtype), dtype);
  const length = castScalar(steps, "i64");
  return isInteger(length) ? atLeastZero(length) : undefined;
}

function atLeastZero(dim: Dim): Dim {
  return proveLessEqual(zeroDim, dim, new Map()) ? dim : maxDims(dim, zeroDim);
}

function rangeValue(start: MaybeScalar, delta: MaybeScalar, length: Dim, dtype: ElemType): KnownValue | undefined {
  const count = constantOf(length);
  if (count === undefined || count > BigInt(knownElementsMax)) return undefined;
  const elements: MaybeScalar[] = [];
  let at = start;
  for (let i = 0n; i < count; i++) {
    elements.push(at);
    at = arithmetic("add", at, delta, dtype);
  }
  return vectorValue(elements);
}

function dtypeAttribute(ctx: RuleContext, otherwise: ElemType): ElemType {
  const code = intAttribute(ctx, "dtype");
  return code === undefined ? otherwise : elemTypeOfCode(code);
}

const likeFirst: Rule = (ctx) => [tensor(dtypeAttribute(ctx, dtypeOf(ctx, 0)), shapeOf(ctx, 0))];
const random: Rule = (ctx) => [tensor(dtypeAttribute(ctx, "f32"), (intsAttribute(ctx, "shape") ?? []).map((dim) => dimOf(dim)))];

const multinomial: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  return [tensor(dtypeAttribute(ctx, "i32"), [input?.[0] ?? ctx.fresh(), dimOf(intAttribute(ctx, "sample_size", 1))])];
};

export const generatorRules: RuleTable = {
  Constant: constant,
  Range: range,
  EyeLike: likeFirst,
  RandomNormal: random,
  RandomUniform: random,
  RandomNormalLike: likeFirst,
  RandomUniformLike: likeFirst,
  Bernoulli: likeFirst,
  Multinomial: multinomial,
};
