/** The classical machine-learning domain, `ai.onnx.ml`. */
import { dimOf, oneDim, sumOfDims } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import type { ElemType } from "../../elem-types.ts";
import { tensorType } from "../inferred-type.ts";
import { dimsOf, dtypeOf, intAttribute, intsAttribute, shapeOf, tensor, textAttribute } from "../rule.ts";
import type { Output, Rule, RuleContext, RuleTable } from "../rule.ts";
import { sameAsFirst } from "./elementwise.ts";
import { pickLast } from "./indexing.ts";
import { rowsOf } from "./text.ts";

function lengthOfAttribute(ctx: RuleContext, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const attribute = ctx.attribute(name);
    if (attribute?.kind === "floats" || attribute?.kind === "ints" || attribute?.kind === "strings") return attribute.value.length;
    if (attribute?.kind === "tensor") return attribute.value.dims.reduce((product, dim) => product * dim, 1);
  }
  return undefined;
}

/** The label's type and one score for each class. */
function classifier(classes: (ctx: RuleContext) => number | undefined): Rule {
  return (ctx) => {
    const rows = rowsOf(ctx, 0);
    const strings = (lengthOfAttribute(ctx, "classlabels_strings", "classlabels_string") ?? 0) > 0;
    const count = classes(ctx);
    return [tensor(strings ? "string" : "i64", [rows]), tensor("f32", [rows, count === undefined ? ctx.fresh() : dimOf(count)])];
  };
}

const labels = (ctx: RuleContext): number | undefined =>
  lengthOfAttribute(ctx, "classlabels_strings", "classlabels_int64s", "classlabels_ints", "classlabels_string", "classlabels_ints64s");

/** Two classes stand behind a single set of coefficients. */
const linearClasses = (ctx: RuleContext): number | undefined => labels(ctx) ?? lengthOfAttribute(ctx, "intercepts");

function regressor(targets: (ctx: RuleContext) => number): Rule {
  return (ctx) => [tensor("f32", [rowsOf(ctx, 0), dimOf(targets(ctx))])];
}

/** Trees put out scores in the type of their splits. */
const treeEnsemble: Rule = (ctx) => {
  const splits = ctx.attribute("nodes_splits");
  const dtype = splits?.kind === "tensor" ? splits.value.dtype : dtypeOf(ctx, 0);
  return [tensor(dtype, [rowsOf(ctx, 0), dimOf(intAttribute(ctx, "n_targets", 1))])];
};

/** The values' type; the default's where there are no values of a kind. */
const labelEncoder: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  if (ctx.opset < 2) return [tensor(dtypeOf(ctx, 0) === "string" ? "i64" : "string", shape)];
  return [tensor(encodedType(ctx), shape)];
};

function encodedType(ctx: RuleContext): ElemType {
  const values = ctx.attribute("values_tensor");
  if (values?.kind === "tensor") return values.value.dtype;
  if (ctx.attribute("values_strings")) return "string";
  if (ctx.attribute("values_int64s")) return "i64";
  return ctx.attribute("values_floats") ? "f32" : "undefined";
}

/** From opset 1: strings to integers or back. */
const categoryMapper: Rule = (ctx) => [tensor(dtypeOf(ctx, 0) === "string" ? "i64" : "string", shapeOf(ctx, 0))];

const oneHotEncoder: Rule = (ctx) => {
  const shape = shapeOf(ctx, 0);
  const count = lengthOfAttribute(ctx, "cats_int64s", "cats_strings") ?? 0;
  return [tensor("f32", shape && [...shape, dimOf(count)])];
};

/** Columns of several inputs side by side. */
const featureVectorizer: Rule = (ctx) => {
  const given = intsAttribute(ctx, "inputdimensions");
  const widths: readonly Dim[] = given ? dimsOf(...given) : ctx.node.inputs.map((_, i) => shapeOf(ctx, i)?.at(-1) ?? ctx.fresh());
  return [tensor("f32", [rowsOf(ctx, 0), sumOfDims(widths)])];
};

const asFloat: Rule = (ctx) => [tensor("f32", shapeOf(ctx, 0))];

const castMap: Rule = (ctx) => {
  const kinds: Readonly<Record<string, ElemType>> = { TO_FLOAT: "f32", TO_INT64: "i64", TO_STRING: "string" };
  const dense = textAttribute(ctx, "map_form", "DENSE") === "DENSE";
  const width = dense ? ctx.fresh() : dimOf(intAttribute(ctx, "max_map", 1));
  return [tensor(kinds[textAttribute(ctx, "cast_to", "TO_FLOAT")] ?? "undefined", [oneDim, width])];
};

const dictVectorizer: Rule = (ctx) => {
  const type = ctx.type(0);
  const dtype = type.kind === "map" && type.value.kind === "tensor" ? type.value.dtype : "undefined";
  return [tensor(dtype, [oneDim, dimOf(lengthOfAttribute(ctx, "string_vocabulary", "int64_vocabulary") ?? 0)])];
};

const zipMap: Rule = (ctx): readonly Output[] => {
  const strings = (lengthOfAttribute(ctx, "classlabels_strings") ?? 0) > 0;
  return [{ type: { kind: "sequence", element: { kind: "map", key: strings ? "string" : "i64", value: tensorType("f32", []) } } }];
};

/** A support-vector machine that gives votes has one column per pair of classes unless it gives probabilities. */
const svmClasses = (ctx: RuleContext): number | undefined => {
  const count = labels(ctx);
  const hasProbabilities = (lengthOfAttribute(ctx, "prob_a") ?? 0) > 0;
  const isLinear = (lengthOfAttribute(ctx, "vectors_per_class") ?? 0) === 0;
  if (count === undefined || hasProbabilities || isLinear || count < 3) return count;
  return (count * (count - 1)) / 2;
};

export const mlRules: RuleTable = {
  ArrayFeatureExtractor: pickLast,
  Binarizer: sameAsFirst,
  CastMap: castMap,
  CategoryMapper: categoryMapper,
  DictVectorizer: dictVectorizer,
  FeatureVectorizer: featureVectorizer,
  Imputer: sameAsFirst,
  LabelEncoder: labelEncoder,
  LinearClassifier: classifier(linearClasses),
  LinearRegressor: regressor((ctx) => intAttribute(ctx, "targets", 1)),
  Normalizer: asFloat,
  OneHotEncoder: oneHotEncoder,
  SVMClassifier: classifier(svmClasses),
  SVMRegressor: regressor(() => 1),
  Scaler: asFloat,
  TreeEnsemble: treeEnsemble,
  TreeEnsembleClassifier: classifier(labels),
  TreeEnsembleRegressor: regressor((ctx) => intAttribute(ctx, "n_targets", 1)),
  ZipMap: zipMap,
};
