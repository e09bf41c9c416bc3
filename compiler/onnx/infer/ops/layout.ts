/** Operators that move elements without computing: Transpose, DepthToSpace, SpaceToDepth, Trilu, Concat. */
import { dimOf, divideDims, floorDivDim, mulDims, sumOfDims } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { printShape } from "../../../../language/tensor/print-dim.ts";
import { smallDims } from "../fold.ts";
import type { Shape } from "../inferred-type.ts";
import { indicesOf, positionOf, rearrange } from "../known-value.ts";
import type { KnownValue } from "../known-value.ts";
import { axisIn, differ, dtypeOf, freshShape, intAttribute, intsAttribute, sameAs, shapeOf, shapeOfRank, tensor, unifyDims } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";

const transpose: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const given = intsAttribute(ctx, "perm");
  const dtype = dtypeOf(ctx, 0);
  if (!input) return [tensor(dtype, freshShape(ctx, given?.length))];
  const perm = given ?? input.map((_, axis) => input.length - 1 - axis);
  const isPermutation = perm.length === input.length && input.every((_, axis) => perm.includes(axis));
  if (!isPermutation) {
    ctx.problem(`[${perm.join(", ")}] is no permutation of the axes of ${printShape(input)}`);
    return [tensor(dtype, freshShape(ctx, input.length))];
  }
  const result = perm.map((axis) => input[axis]);
  const dims = smallDims(result);
  const value = dims && ctx.value(0);
  const moved = value && dims && rearrange(value, dims, (index) => positionOf(inverse(perm, index), value.dims));
  return [tensor(dtype, result, moved)];
};

/** The index in the input of an index in the transposed output. */
function inverse(perm: readonly number[], index: readonly number[]): readonly number[] {
  const source: number[] = [];
  perm.forEach((axis, i) => (source[axis] = index[i]));
  return source;
}

const depthToSpace: Rule = (ctx) => {
  const shape = shapeOfRank(ctx, 0, 4);
  const block = intAttribute(ctx, "blocksize", 0);
  if (!shape || block <= 0) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, 4))];
  const [n, c, h, w] = shape;
  return [tensor(dtypeOf(ctx, 0), [n, floorDivDim(c, block * block), mulDims(h, dimOf(block)), mulDims(w, dimOf(block))])];
};

const spaceToDepth: Rule = (ctx) => {
  const shape = shapeOfRank(ctx, 0, 4);
  const block = intAttribute(ctx, "blocksize", 0);
  if (!shape || block <= 0) return [tensor(dtypeOf(ctx, 0), freshShape(ctx, 4))];
  const [n, c, h, w] = shape;
  const smaller = (dim: Dim): Dim => divideDims(dim, dimOf(block)) ?? floorDivDim(dim, block);
  return [tensor(dtypeOf(ctx, 0), [n, mulDims(c, dimOf(block * block)), smaller(h), smaller(w)])];
};

const concat: Rule = (ctx) => {
  const count = ctx.node.inputs.length;
  const indices = Array.from({ length: count }, (_, i) => i);
  return [concatenated(ctx, indices, intAttribute(ctx, "axis", ctx.opset < 4 ? 1 : 0))];
};

/** The inputs at `indices` joined along `axis`. */
export function concatenated(ctx: RuleContext, indices: readonly number[], axis: number): ReturnType<typeof tensor> {
  const dtype = indices.map((i) => dtypeOf(ctx, i)).find((one) => one !== "undefined") ?? "undefined";
  const shapes = indices.map((i) => shapeOf(ctx, i));
  const rank = shapes.find((shape) => shape !== undefined)?.length;
  const at = rank === undefined ? undefined : axisIn(ctx, axis, rank);
  if (rank === undefined || at === undefined) return tensor(dtype, undefined);
  if (shapes.some((shape) => shape && shape.length !== rank)) {
    ctx.problem("the tensors to join have different ranks");
    return tensor(dtype, undefined);
  }
  const result = joinShapes(ctx, shapes, at, rank);
  return tensor(dtype, result, smallDims(result) && joinValues(ctx, indices, shapes, at, smallDims(result) ?? []));
}

function joinShapes(ctx: RuleContext, shapes: readonly (Shape | undefined)[], axis: number, rank: number): Shape {
  const known = shapes.filter((shape) => shape !== undefined);
  return Array.from({ length: rank }, (_, i) => {
    if (i === axis) return known.length === shapes.length ? sumOfDims(known.map((shape) => shape[i])) : ctx.fresh();
    const misfit = known.find((shape) => differ(shape[i], known[0][i]));
    if (misfit) ctx.problem(`the tensors to join along axis ${axis} differ at axis ${i}: ${printShape(known[0])} and ${printShape(misfit)}`);
    return known.map((shape) => shape[i]).reduce(unifyDims);
  });
}

/** Unknown parts stay unknown: the others are still worth having. */
function joinValues(
  ctx: RuleContext, indices: readonly number[], shapes: readonly (Shape | undefined)[], axis: number, dims: readonly number[],
): KnownValue | undefined {
  const parts = indices.map((i, at) => ({ value: ctx.value(i), dims: smallDims(shapes[at]) ?? [] }));
  if (parts.every((part) => !part.value)) return undefined;
  const elements = indicesOf(dims).map((index) => {
    let offset = index[axis];
    for (const part of parts) {
      if (offset < part.dims[axis]) {
        return part.value?.elements[positionOf(index.map((i, at) => (at === axis ? offset : i)), part.dims)];
      }
      offset -= part.dims[axis];
    }
    return undefined;
  });
  return { dims, elements };
}

export const layoutRules: RuleTable = {
  Transpose: transpose,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Concat: concat,
  Trilu: (ctx) => [sameAs(ctx, 0)],
};
