/** Gathers, scatters and one-hot encodings. */
import { dimNumber, dimOf } from "../../../../language/tensor/dim.ts";
import { smallDims } from "../fold.ts";
import { countOf, indicesOf, positionOf } from "../known-value.ts";
import type { KnownValue } from "../known-value.ts";
import { axisIn, dtypeOf, freshShape, intAttribute, knownDims, lengthOf, sameAs, shapeOf, tensor } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";
import { constantInt } from "../scalar.ts";

const gather: Rule = (ctx) => {
  const data = shapeOf(ctx, 0);
  const indices = shapeOf(ctx, 1);
  const dtype = dtypeOf(ctx, 0);
  const axis = data && axisIn(ctx, intAttribute(ctx, "axis", 0), data.length);
  if (!data || !indices || axis === undefined) return [tensor(dtype, undefined)];
  const result = [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
  return [tensor(dtype, result, gatherValue(ctx, axis, smallDims(result)))];
};

function gatherValue(ctx: RuleContext, axis: number, dims: readonly number[] | undefined): KnownValue | undefined {
  // The data may be a table of weights: it is looked at only if it is small itself.
  if (!dims || !smallDims(shapeOf(ctx, 0))) return undefined;
  const indices = ctx.value(1);
  const data = indices && ctx.value(0);
  if (!indices || !data) return undefined;
  const elements = indicesOf(dims).map((index) => {
    const inner = index.slice(axis, axis + indices.dims.length);
    const picked = constantInt(indices.elements[positionOf(inner, indices.dims)]);
    if (picked === undefined) return undefined;
    const at = picked < 0 ? picked + data.dims[axis] : picked;
    if (at < 0 || at >= data.dims[axis]) return undefined;
    return data.elements[positionOf([...index.slice(0, axis), at, ...index.slice(axis + indices.dims.length)], data.dims)];
  });
  return { dims, elements };
}

const gatherElements: Rule = (ctx) => [tensor(dtypeOf(ctx, 0), shapeOf(ctx, 1))];

const gatherNd: Rule = (ctx) => {
  const data = shapeOf(ctx, 0);
  const indices = shapeOf(ctx, 1);
  const dtype = dtypeOf(ctx, 0);
  const batch = intAttribute(ctx, "batch_dims", 0);
  const last = indices?.at(-1);
  const depth = last && dimNumber(last);
  if (!data || !indices || depth === undefined) return [tensor(dtype, undefined)];
  if (batch + depth > data.length || indices.length <= batch) {
    ctx.problem(`indices of ${depth} positions do not fit data of rank ${data.length}`);
    return [tensor(dtype, undefined)];
  }
  const result = [...indices.slice(0, -1), ...data.slice(batch + depth)];
  const dims = smallDims(result);
  const value = dims && batch === 0 && smallDims(data) ? gatherNdValue(ctx, dims, depth) : undefined;
  return [tensor(dtype, result, value)];
};

function gatherNdValue(ctx: RuleContext, dims: readonly number[], depth: number): KnownValue | undefined {
  const indices = ctx.value(1);
  const data = indices && ctx.value(0);
  if (!indices || !data) return undefined;
  const outer = indices.dims.length - 1;
  const elements = indicesOf(dims).map((index) => {
    const picked = Array.from({ length: depth }, (_, i) => constantInt(indices.elements[positionOf([...index.slice(0, outer), i], indices.dims)]));
    const at = picked.map((value, i) => (value !== undefined && value < 0 ? value + data.dims[i] : value));
    if (at.some((value, i) => value === undefined || value < 0 || value >= data.dims[i])) return undefined;
    return data.elements[positionOf([...at.map((value) => value ?? 0), ...index.slice(outer)], data.dims)];
  });
  return { dims, elements };
}

/** Writes known updates at known places of a known tensor (torch writes shape arithmetic so). */
const scatterNd: Rule = (ctx) => {
  const dims = smallDims(shapeOf(ctx, 0));
  const plain = ctx.attribute("reduction") === undefined || ctx.attribute("reduction")?.value === "none";
  const data = dims && plain && ctx.value(0);
  const indices = data && ctx.value(1);
  if (!data || !indices) return [sameAs(ctx, 0)];
  const updates = ctx.value(2);
  const depth = indices.dims.at(-1) ?? 0;
  if (indices.elements.length === 0 || depth > data.dims.length) return [sameAs(ctx, 0)];
  const slice = countOf(data.dims.slice(depth));
  const elements = [...data.elements];
  for (let row = 0; row < countOf(indices.dims.slice(0, -1)); row++) {
    const picked = Array.from({ length: depth }, (_, i) => constantInt(indices.elements[row * depth + i]));
    if (picked.some((value) => value === undefined)) return [sameAs(ctx, 0)];
    const at = positionOf(picked.map((value, i) => (value !== undefined && value < 0 ? value + data.dims[i] : (value ?? 0))), data.dims.slice(0, depth));
    for (let i = 0; i < slice; i++) elements[at * slice + i] = updates?.elements[row * slice + i];
  }
  return elements.length === data.elements.length ? [tensor(dtypeOf(ctx, 0), shapeOf(ctx, 0), { dims: data.dims, elements })] : [sameAs(ctx, 0)];
};

const oneHot: Rule = (ctx) => {
  const indices = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 2);
  if (!indices) return [tensor(dtype, undefined)];
  const axis = axisIn(ctx, intAttribute(ctx, "axis", -1), indices.length + 1);
  if (axis === undefined) return [tensor(dtype, freshShape(ctx, indices.length + 1))];
  const depth = knownDepth(ctx);
  return [tensor(dtype, [...indices.slice(0, axis), depth, ...indices.slice(axis)])];
};

/** The depth may be of any numeric type. */
function knownDepth(ctx: RuleContext): ReturnType<RuleContext["fresh"]> {
  const dims = lengthOf(ctx, 1) === 1 ? knownDims(ctx, 1) : undefined;
  const float = ctx.value(1)?.elements[0];
  return dims?.[0] ?? (typeof float === "number" ? dimOf(Math.trunc(float)) : ctx.fresh());
}

/** A ring or a straight write into a cache: the cache's own type. */
const sameAsData: Rule = (ctx) => [sameAs(ctx, 0)];

/** ArrayFeatureExtractor and others that pick along the last axis. */
export const pickLast: Rule = (ctx) => {
  const data = shapeOf(ctx, 0);
  const picked = shapeOf(ctx, 1);
  const count = picked?.at(-1);
  if (!data || !count) return [tensor(dtypeOf(ctx, 0), undefined)];
  return [tensor(dtypeOf(ctx, 0), data.length === 1 ? [dimOf(1), count] : [...data.slice(0, -1), count])];
};

export const indexingRules: RuleTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  Scatter: sameAsData,
  ScatterElements: sameAsData,
  ScatterND: scatterNd,
  TensorScatter: sameAsData,
  OneHot: oneHot,
};
