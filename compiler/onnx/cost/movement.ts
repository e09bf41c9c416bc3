/** Cost of operators that move, select, resample, pool and normalise. */
import { addDims, constantOf, dimOf, scaleDim, sumOfDims, zeroDim, type Dim } from "../../../language/tensor/dim.ts";
import { bytesOf, elementsOf, intsOr, noFlops, perInput, perOutput, textOr, times, type CostContext, type CostRule, type CostTable } from "./cost-rule.ts";

const view: CostRule = { flops: noFlops, view: true };
const copy: CostRule = { flops: noFlops };
/** Reads as many elements as it writes, and the indices; the rest of the table stays where it is. */
const gather: CostRule = { flops: noFlops, reads: (ctx) => addDims(writtenBytes(ctx), restOfInputs(ctx)) };
const slice: CostRule = { flops: noFlops, reads: writtenBytes };
const nothingRead: CostRule = { flops: noFlops, reads: () => zeroDim };

function writtenBytes(ctx: CostContext): Dim {
  return sumOfDims(ctx.node.outputs.map((_, i) => bytesOf(ctx.output(i))));
}

function restOfInputs(ctx: CostContext): Dim {
  return sumOfDims(ctx.node.inputs.slice(1).map((_, i) => bytesOf(ctx.input(i + 1))));
}

/** Each output element looks at the elements under the window. */
function pool(ctx: CostContext): Dim {
  const window = intsOr(ctx, "kernel_shape") ?? [];
  return scaleDim(elementsOf(ctx.output(0)), window.reduce((product, size) => product * BigInt(size), 1n));
}

/** Interpolation takes 2^d neighbours for linear and 4^d for cubic, d the axes; nearest takes one. */
function resize(ctx: CostContext): Dim {
  const mode = textOr(ctx, "mode", "nearest");
  const axes = Math.min(Math.max((ctx.output(0)?.shape?.length ?? 4) - 2, 1), 3);
  if (mode === "nearest") return zeroDim;
  return times(2 * (mode === "cubic" ? 4 : 2) ** axes, elementsOf(ctx.output(0)));
}

/** A transform of n points takes 5 * n * log2(n): n is taken as the longest axis of known length. */
function fourier(ctx: CostContext): Dim {
  const shape = ctx.input(0)?.shape;
  const length = Math.max(2, ...(shape ?? []).map((dim) => Number(constantOf(dim) ?? 0n)));
  return times(Math.ceil(5 * Math.log2(length)), elementsOf(ctx.output(0)));
}

const views = ["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Optional", "OptionalGetElement", "BitCast"];
const copies = [
  "Transpose", "Concat", "Split", "Expand", "Tile", "Pad", "DepthToSpace", "SpaceToDepth", "ReverseSequence", "Compress", "CenterCropPad",
  "SequenceConstruct", "SequenceAt", "SequenceInsert", "SequenceErase", "SplitToSequence", "ConcatFromSequence", "OneHot", "MaxUnpool",
  "StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer", "EyeLike", "Scatter", "ScatterElements", "ScatterND", "TensorScatter",
];
const sources = ["Shape", "Size", "ConstantOfShape", "Range", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "SequenceLength", "SequenceEmpty", "OptionalHasElement", "HannWindow", "HammingWindow", "BlackmanWindow", "Constant"];

function each(names: readonly string[], rule: CostRule): CostTable {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

export const movementCosts: CostTable = {
  ...each(views, view),
  ...each(copies, copy),
  ...each(sources, nothingRead),
  Trilu: { flops: noFlops, inPlace: [0] }, Gather: gather, GatherElements: gather, GatherND: gather, Slice: slice,
  AveragePool: { flops: pool }, MaxPool: { flops: pool }, LpPool: { flops: pool }, GlobalAveragePool: { flops: perInput(1) }, GlobalMaxPool: { flops: perInput(1) }, GlobalLpPool: { flops: perInput(2) },
  MaxRoiPool: { flops: perOutput(1) }, RoiAlign: { flops: perOutput(8) }, Resize: { flops: resize }, Upsample: { flops: resize }, GridSample: { flops: perOutput(8) }, AffineGrid: { flops: perOutput(6) },
  Col2Im: { flops: perInput(1) }, NonMaxSuppression: { flops: perInput(8) },
  BatchNormalization: { flops: perOutput(2) }, InstanceNormalization: { flops: perOutput(6) }, LayerNormalization: { flops: perOutput(8) }, GroupNormalization: { flops: perOutput(8) },
  RMSNormalization: { flops: perOutput(5) }, LpNormalization: { flops: perOutput(3) }, LRN: { flops: perOutput(6) }, MeanVarianceNormalization: { flops: perOutput(6) },
  SimplifiedLayerNormalization: { flops: perOutput(5) },
  RotaryEmbedding: { flops: perOutput(3) }, DFT: { flops: fourier }, STFT: { flops: fourier }, MelWeightMatrix: { flops: perOutput(4) },
  Bernoulli: { flops: perOutput(1) }, Multinomial: { flops: perInput(1) }, NegativeLogLikelihoodLoss: { flops: perInput(1) }, SoftmaxCrossEntropyLoss: { flops: perInput(6) },
  ImageDecoder: { flops: perOutput(10) },
};

/** Sums of three tables of rows, then a layer normalisation. */
const embedding: CostRule = {
  flops: perOutput(10),
  reads: (ctx) => addDims(scaleDim(bytesOf(ctx.output(0)), 3n), sumOfDims([ctx.input(0), ctx.input(1), ctx.input(7)].map(bytesOf))),
};

export const microsoftMovementCosts: CostTable = {
  SkipLayerNormalization: { flops: perOutput(10) }, SkipSimplifiedLayerNormalization: { flops: perOutput(6) }, EmbedLayerNormalization: embedding,
  SimplifiedLayerNormalization: { flops: perOutput(5) }, GroupNorm: { flops: perOutput(8) }, SkipGroupNorm: { flops: perOutput(10) },
  RotaryEmbedding: { flops: perOutput(3) }, QLinearConcat: { flops: perOutput(3) }, ReorderInput: copy, ReorderOutput: copy, NhwcMaxPool: { flops: pool }, GatherBlockQuantized: gather,
  Trilu: copy, Pad: copy, ExpandDims: view, GatherND: gather, Inverse: { flops: perOutput(8) }, CropAndResize: { flops: perOutput(8) },
};

/** rows * trees * depth comparisons; the depth of a balanced tree stands for the real one. */
function trees(ctx: CostContext): Dim {
  const roots = intsOr(ctx, "tree_roots")?.length ?? new Set(intsOr(ctx, "nodes_treeids") ?? [0]).size;
  const nodes = (intsOr(ctx, "nodes_featureids") ?? []).length;
  const depth = Math.max(1, Math.ceil(Math.log2(1 + nodes / Math.max(roots, 1))));
  return times(roots * depth, ctx.input(0)?.shape?.[0] ?? dimOf(1));
}

export const learningCosts: CostTable = {
  TreeEnsemble: { flops: trees }, TreeEnsembleClassifier: { flops: trees }, TreeEnsembleRegressor: { flops: trees },
  LabelEncoder: copy, ArrayFeatureExtractor: gather, CastMap: copy, CategoryMapper: copy, DictVectorizer: copy, FeatureVectorizer: copy, OneHotEncoder: copy, ZipMap: copy,
  Binarizer: { flops: perOutput(1) }, Imputer: { flops: perOutput(1) }, Normalizer: { flops: perOutput(3) }, Scaler: { flops: perOutput(2) },
  LinearClassifier: { flops: linear }, LinearRegressor: { flops: linear },
};

/** One multiply-add per coefficient and row. */
function linear(ctx: CostContext): Dim {
  const coefficients = ctx.attribute("coefficients");
  return times(2 * (coefficients?.kind === "floats" ? coefficients.value.length : 0), ctx.input(0)?.shape?.[0] ?? dimOf(1));
}
