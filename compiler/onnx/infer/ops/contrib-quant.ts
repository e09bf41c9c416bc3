/** onnxruntime's quantised operators: QLinear*, DynamicQuantize*, MatMulNBits and their kin. */
import { dimOf, mulDims, oneDim } from "../../../../language/tensor/dim.ts";
import type { ElemType } from "../../elem-types.ts";
import { broadcastShapes } from "../broadcast.ts";
import { axesIn, axisIn, dtypeOf, intAttribute, intsAttribute, knownDims, sameAs, shapeOf, tensor } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";
import { convRule, poolRule } from "./conv-pool.ts";
import { concatenated } from "./layout.ts";
import { gemm, matmulRule } from "./matmul.ts";
import { quantizedType, quantizeRules } from "./quantize.ts";
import { recurrentRule } from "./recurrent.ts";
import { reducedShape } from "./reduce.ts";

/** Elementwise over the inputs at the given places. */
function broadcastAt(indices: readonly number[], dtype: (ctx: RuleContext) => ElemType): Rule {
  return (ctx) => [tensor(dtype(ctx), broadcastShapes(ctx, indices.map((i) => shapeOf(ctx, i))))];
}

const first = (ctx: RuleContext): ElemType => dtypeOf(ctx, 0);
const channelsLast = (ctx: RuleContext): boolean => intAttribute(ctx, "channels_last", 0) === 1;

/** A [..., K] times packed weights of N columns. */
const matMulNBits: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const columns = intAttribute(ctx, "N");
  return [tensor(dtypeOf(ctx, 0), shape && [...shape.slice(0, -1), columns === undefined ? ctx.fresh() : dimOf(columns)])];
};

/** Three projections of one input, and the sum of input and skip. */
const matMulNBitsQkv: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const projected = (columns: string): ReturnType<typeof tensor> => {
    const width = intAttribute(ctx, columns);
    return tensor(dtypeOf(ctx, 0), shape && [...shape.slice(0, -1), width === undefined ? ctx.fresh() : dimOf(width)]);
  };
  return [projected("Nq"), projected("Nkv"), projected("Nkv"), sameAs(ctx, 0)];
};

const qGemm: Rule = (ctx) => {
  // Inputs are A, its scale and zero point, then B: seen as a Gemm of inputs 0 and 3.
  const inner: RuleContext = { ...ctx, type: (i) => ctx.type(i === 1 ? 3 : i) };
  const [product] = gemm(inner);
  const dtype = ctx.has(8) ? dtypeOf(ctx, 8) : "f32";
  return [tensor(dtype, product.type.kind === "tensor" ? product.type.shape : undefined)];
};

/** Scale, zero point, then triples of tensor, scale and zero point. */
const qLinearConcat: Rule = (ctx) => {
  const tensors = ctx.node.inputs.flatMap((_, i) => ((i - 2) % 3 === 0 && i >= 2 ? [i] : []));
  return [concatenated(ctx, tensors, intAttribute(ctx, "axis", 0))];
};

function reduceRule(dtype: (ctx: RuleContext) => ElemType): Rule {
  return (ctx) => {
    const shape = shapeOf(ctx, 0);
    if (!shape) return [tensor(dtype(ctx), undefined)];
    const axes = axesIn(ctx, intsAttribute(ctx, "axes") ?? shape.map((_, axis) => axis), shape.length);
    return [tensor(dtype(ctx), axes && reducedShape(shape, axes, intAttribute(ctx, "keepdims", 1) === 1))];
  };
}

const globalAveragePool: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const last = channelsLast(ctx);
  const isChannel = (axis: number): boolean => axis === 0 || axis === (last ? (shape?.length ?? 0) - 1 : 1);
  return [tensor(dtypeOf(ctx, 0), shape?.map((dim, axis) => (isChannel(axis) ? dim : oneDim)))];
};

const qEmbedLayerNormalization: Rule = (ctx) => {
  const [ids, words] = [shapeOf(ctx, 0), shapeOf(ctx, 2)];
  return [tensor("f32", ids && words?.length === 2 ? [...ids, words[1]] : undefined), tensor("i32", ids?.slice(0, 1))];
};

/** Rows of a packed table picked by indices, in the scales' type; packed bytes hold several elements. */
const gatherBlockQuantized: Rule = (ctx) => {
  const [data, indices] = [shapeOf(ctx, 0), shapeOf(ctx, 1)];
  const dtype = dtypeOf(ctx, 2);
  const axis = data && axisIn(ctx, intAttribute(ctx, "gather_axis", 0), data.length);
  if (!data || !indices || axis === undefined) return [tensor(dtype, undefined)];
  const perByte = dtypeOf(ctx, 0) === "u8" ? Math.floor(8 / intAttribute(ctx, "bits", 4)) : 1;
  const unpacked = data.map((dim, i) => (i === data.length - 1 && perByte > 1 ? mulDims(dim, dimOf(perByte)) : dim));
  return [tensor(dtype, [...unpacked.slice(0, axis), ...indices, ...unpacked.slice(axis + 1)])];
};

const qLinearWhere: Rule = (ctx) => [tensor(dtypeOf(ctx, 1), broadcastShapes(ctx, [0, 1, 4].map((i) => shapeOf(ctx, i))))];

/** The weights' shape is a tensor. */
const matMulFpQ4: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const columns = knownDims(ctx, 2)?.[1];
  return [tensor(dtypeOf(ctx, 0), shape && [...shape.slice(0, -1), columns ?? ctx.fresh()])];
};

export const contribQuantRules: RuleTable = {
  QuantizeLinear: (ctx) => [tensor(quantizedType(ctx), shapeOf(ctx, 0))],
  DequantizeLinear: quantizeRules["DequantizeLinear"],
  QLinearAdd: broadcastAt([0, 3], first),
  QLinearMul: broadcastAt([0, 3], first),
  QLinearLeakyRelu: (ctx) => [sameAs(ctx, 0)],
  QLinearSigmoid: (ctx) => [sameAs(ctx, 0)],
  QLinearSoftmax: (ctx) => [sameAs(ctx, 0)],
  QLinearConv: convRule(0, 3, (ctx) => dtypeOf(ctx, 7), channelsLast),
  QLinearAveragePool: poolRule(channelsLast, first),
  QLinearGlobalAveragePool: globalAveragePool,
  QLinearConcat: qLinearConcat,
  QLinearReduceMean: reduceRule(first),
  QLinearWhere: qLinearWhere,
  ReduceSumInteger: reduceRule(() => "i32"),
  QGemm: qGemm,
  QEmbedLayerNormalization: qEmbedLayerNormalization,
  MulInteger: broadcastAt([0, 2], () => "i32"),
  MatMulInteger16: matmulRule(0, 1, () => "i32"),
  MatMulIntegerToFloat: matmulRule(0, 1, (ctx) => dtypeOf(ctx, 2)),
  DynamicQuantizeMatMul: matmulRule(0, 1, first),
  DynamicQuantizeLSTM: recurrentRule(4),
  MatMulNBits: matMulNBits,
  MatMulBnb4: matMulNBits,
  MatMulNBitsMlp: (ctx) => [...matMulNBits(ctx), sameAs(ctx, 0)],
  MatMulNBitsQkv: matMulNBitsQkv,
  QuantizeWithOrder: (ctx) => [tensor("i8", shapeOf(ctx, 0))],
  QOrderedGelu: (ctx) => [sameAs(ctx, 0)],
  QOrderedLayerNormalization: (ctx) => [sameAs(ctx, 0)],
  GatherBlockQuantized: gatherBlockQuantized,
  MatMulFpQ4: matMulFpQ4,
};
