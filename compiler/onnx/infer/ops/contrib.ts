/** onnxruntime's own operators other than attention and quantisation: fused activations, norms, products, layouts. */
import { addDims, dimOf, floorDivDim, subDims } from "../../../../language/tensor/dim.ts";
import type { Shape } from "../inferred-type.ts";
import { axisIn, dtypeOf, freshShape, intAttribute, knownDims, knownInts, sameAs, shapeOf, shapeOfRank, tensor, withDim } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";
import { convPoolRules, convRule, poolRule } from "./conv-pool.ts";
import { broadcastBinary, elementwiseRules, sameAsFirst } from "./elementwise.ts";
import { generatorRules } from "./generators.ts";
import { linearAttention } from "./attention.ts";
import { gridSample } from "./image.ts";
import { indexingRules } from "./indexing.ts";
import { gemm, matmulShape } from "./matmul.ts";
import { simplifiedLayerNormalization, statisticsShape } from "./normalization.ts";
import { sliceRules } from "./slice.ts";
import { tokenizer } from "./text.ts";

/** Swaps of the last two axes, and of the batch axes with the rows, before the product. */
const fusedMatMul: Rule = (ctx) => {
  const a = transposed(ctx, shapeOf(ctx, 0), "A");
  const b = transposed(ctx, shapeOf(ctx, 1), "B");
  return [tensor(dtypeOf(ctx, 0), matmulShape(ctx, a, b))];
};

function transposed(ctx: RuleContext, shape: Shape | undefined, side: "A" | "B"): Shape | undefined {
  if (!shape || shape.length < 2) return shape;
  let dims = [...shape];
  if (intAttribute(ctx, `transBatch${side}`, 0) === 1) dims = [...dims.slice(1, -1), dims[0], dims[dims.length - 1]];
  if (intAttribute(ctx, `trans${side}`, 0) === 1) dims = [...dims.slice(0, -2), dims[dims.length - 1], dims[dims.length - 2]];
  return dims;
}

/** Output, mean, inverse deviation, and the sum of input, skip and bias. */
const skipLayerNormalization: Rule = (ctx) => {
  const statistics = tensor("f32", statisticsShape(ctx, shapeOf(ctx, 0), -1));
  return [sameAs(ctx, 0), statistics, statistics, sameAs(ctx, 0)];
};

/** Embeddings of words, positions and segments, summed and normalised: [B, S, hidden], mask index [B], the sum. */
const embedLayerNormalization: Rule = (ctx) => {
  const [ids, words] = [shapeOf(ctx, 0), shapeOf(ctx, 2)];
  const dtype = dtypeOf(ctx, 2);
  const shape = ids && words?.length === 2 ? [...ids, words[1]] : undefined;
  return [tensor(dtype, shape), tensor("i32", ids?.slice(0, 1)), tensor(dtype, shape)];
};

/** Half of the last axis gates the other. */
const biasSplitGelu: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const last = shape?.at(-1);
  return [tensor(dtypeOf(ctx, 0), shape && last && [...shape.slice(0, -1), floorDivDim(last, 2)])];
};

const crossDistance: Rule = (ctx) => {
  const [a, b] = [shapeOfRank(ctx, 0, 2), shapeOfRank(ctx, 1, 2)];
  return [tensor(dtypeOf(ctx, 0), a && b && [a[0], b[0]])];
};

const expandDims: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const axis = knownInts(ctx, 1)?.[0];
  if (!shape || axis === undefined) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, shape && shape.length + 1))];
  const at = axisIn(ctx, axis, shape.length + 1);
  return [tensor(dtypeOf(ctx, 0), at === undefined ? undefined : [...shape.slice(0, at), dimOf(1), ...shape.slice(at)])];
};

/** Signals of which the last axis becomes bins of (real, imaginary). */
const rfft: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const last = shape?.at(-1);
  return [tensor(dtypeOf(ctx, 0), shape && last && [...shape.slice(0, -1), addDims(floorDivDim(last, 2), dimOf(1)), dimOf(2)])];
};

/** Back from half a spectrum [..., bins, 2] to 2*(bins - 1) samples. */
const irfft: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const bins = shape?.at(-2);
  return [tensor(dtypeOf(ctx, 0), shape && bins && [...shape.slice(0, -2), subDims(addDims(bins, bins), dimOf(2))])];
};

/** Regions of an image resized to one size, which is an input. */
const cropAndResize: Rule = (ctx) => {
  const [image, regions, size] = [shapeOfRank(ctx, 0, 4), shapeOf(ctx, 1), knownDims(ctx, 3)];
  return [tensor(dtypeOf(ctx, 0), [regions?.[0] ?? ctx.fresh(), image?.[1] ?? ctx.fresh(), size?.[0] ?? ctx.fresh(), size?.[1] ?? ctx.fresh()])];
};

/** A row of the first input for each index of the second. */
const torchEmbedding: Rule = (ctx) => {
  const [rows, indices] = [shapeOfRank(ctx, 0, 2), shapeOf(ctx, 1)];
  return [tensor(dtypeOf(ctx, 0), rows && indices && [...indices, rows[1]])];
};

/** Slices of `size` along an axis, every `step`, as a further last axis. */
const unfoldTensor: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const axis = shape && axisIn(ctx, intAttribute(ctx, "dim", -1), shape.length);
  const [size, step] = [intAttribute(ctx, "size", 1), intAttribute(ctx, "step", 1)];
  if (!shape || axis === undefined || !(step > 0)) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, shape && shape.length + 1))];
  const slices = addDims(floorDivDim(subDims(shape[axis], dimOf(size)), step), dimOf(1));
  return [tensor(dtypeOf(ctx, 0), [...withDim(shape, axis, slices), dimOf(size)])];
};

/** Without an axis: the values, where each came from, and how often it occurs. */
const unique: Rule = (ctx) => {
  const count = ctx.fresh();
  return [tensor(dtypeOf(ctx, 0), [count]), tensor("i64", shapeOf(ctx, 0)), tensor("i64", [count])];
};

function table(names: readonly string[], rule: Rule): RuleTable {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

const first = (ctx: RuleContext): ReturnType<typeof dtypeOf> => dtypeOf(ctx, 0);
const always = (): boolean => true;
const never = (): boolean => false;

export const contribRules: RuleTable = {
  ...table(["BiasGelu", "FastGelu", "Gelu", "QuickGelu", "BiasSoftmax", "BiasAdd", "GatedAdd", "Inverse", "NGramRepeatBlock", "ScaledSiLU"], sameAsFirst),
  ...table(["BranchwiseRMSNorm", "GatedRMSNorm", "GroupNorm", "MRotaryEmbedding"], sameAsFirst),
  ...table(["ComplexMul", "ComplexMulConj"], broadcastBinary),
  ...table(["MoE", "QMoE"], sameAsFirst),
  BiasDropout: (ctx) => [sameAs(ctx, 0), tensor("bool", shapeOf(ctx, 0))],
  SkipLayerNormalization: skipLayerNormalization,
  SkipSimplifiedLayerNormalization: skipLayerNormalization,
  SimplifiedLayerNormalization: simplifiedLayerNormalization,
  SkipGroupNorm: (ctx) => [sameAs(ctx, 0), sameAs(ctx, 0)],
  EmbedLayerNormalization: embedLayerNormalization,
  BiasSplitGelu: biasSplitGelu,
  FusedMatMul: fusedMatMul,
  FusedMatMulActivation: fusedMatMul,
  TransposeMatMul: fusedMatMul,
  FusedGemm: gemm,
  GemmFastGelu: (ctx) => [tensor(dtypeOf(ctx, 0), matmulShape(ctx, shapeOf(ctx, 0), shapeOf(ctx, 1)))],
  FusedConv: convRule(0, 1, first, never),
  NhwcConv: convRule(0, 1, first, always),
  NhwcFusedConv: convRule(0, 1, first, always),
  NhwcMaxPool: poolRule(always, first),
  MaxpoolWithMask: poolRule(never, first),
  LinearAttention: linearAttention,
  CausalConvWithState: convPoolRules["CausalConvWithState"],
  CDist: crossDistance,
  ExpandDims: expandDims,
  Rfft: rfft,
  Irfft: irfft,
  CropAndResize: cropAndResize,
  TorchEmbedding: torchEmbedding,
  UnfoldTensor: unfoldTensor,
  Unique: unique,
  SparseToDenseMatMul: fusedMatMul,
  LinearAttentionGate: (ctx) => [sameAs(ctx, 0), sameAs(ctx, 0)],
  GatherND: indexingRules["GatherND"],
  GridSample: gridSample,
  Pad: sliceRules["Pad"],
  Range: generatorRules["Range"],
  Trilu: sameAsFirst,
  Tokenizer: tokenizer,
  Dropout: elementwiseRules["Dropout"],
  IsAllFinite: () => [tensor("bool", [])],
  MurmurHash3: (ctx) => [tensor(intAttribute(ctx, "positive", 1) === 1 ? "u32" : "i32", shapeOf(ctx, 0))],
};
