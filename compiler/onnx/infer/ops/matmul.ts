/** Matrix products: MatMul, Gemm, Einsum and the quantised products of the standard. */
import { oneDim } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { printDim, printShape } from "../../../../language/tensor/print-dim.ts";
import type { ElemType } from "../../elem-types.ts";
import { broadcastDim, broadcastShapes } from "../broadcast.ts";
import type { Shape } from "../inferred-type.ts";
import { differ, dtypeOf, freshShape, intAttribute, shapeOf, shapeOfRank, tensor, textAttribute } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";

/** The shape of numpy's matmul: vectors gain an axis that the result loses again. */
export function matmulShape(ctx: RuleContext, a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || !b) return undefined;
  if (a.length === 0 || b.length === 0) {
    ctx.problem("a scalar has no matrix product");
    return undefined;
  }
  const left = a.length === 1 ? [oneDim, ...a] : a;
  const right = b.length === 1 ? [...b, oneDim] : b;
  const [inner, outer] = [left[left.length - 1], right[right.length - 2]];
  if (differ(inner, outer)) ctx.problem(`${printShape(a)} and ${printShape(b)} cannot be multiplied (${printDim(inner)} against ${printDim(outer)})`);
  const batch = broadcastShapes(ctx, [left.slice(0, -2), right.slice(0, -2)]) ?? [];
  const rows = a.length === 1 ? [] : [left[left.length - 2]];
  const columns = b.length === 1 ? [] : [right[right.length - 1]];
  return [...batch, ...rows, ...columns];
}

/** A product of inputs `a` and `b` of a given dtype. */
export function matmulRule(a: number, b: number, dtype: (ctx: RuleContext) => ElemType): Rule {
  return (ctx) => [tensor(dtype(ctx), matmulShape(ctx, shapeOf(ctx, a), shapeOf(ctx, b)))];
}

export const gemm: Rule = (ctx) => {
  const a = shapeOfRank(ctx, 0, 2);
  const b = shapeOfRank(ctx, 1, 2);
  const dtype = dtypeOf(ctx, 0);
  if (!a || !b) return [tensor(dtype, freshShape(ctx, 2))];
  const [rows, innerA] = intAttribute(ctx, "transA", 0) !== 0 ? [a[1], a[0]] : [a[0], a[1]];
  const [innerB, columns] = intAttribute(ctx, "transB", 0) !== 0 ? [b[1], b[0]] : [b[0], b[1]];
  if (differ(innerA, innerB)) ctx.problem(`${printShape(a)} and ${printShape(b)} cannot be multiplied (${printDim(innerA)} against ${printDim(innerB)})`);
  return [tensor(dtype, [rows, columns])];
};

const einsum: Rule = (ctx) => {
  const shapes = ctx.node.inputs.map((_, i) => shapeOf(ctx, i));
  const equation = textAttribute(ctx, "equation", "").replace(/\s/g, "");
  const [left = "", right] = equation.split("->");
  const dims = new Map<string, Dim>();
  let ellipsis: Shape = [];
  for (const [i, term] of left.split(",").entries()) {
    const shape = shapes[i];
    if (!shape) return [tensor(dtypeOf(ctx, 0), undefined)];
    const labels = spread(term, shape.length);
    if (!labels || labels.length !== shape.length) {
      ctx.problem(`"${term}" does not name the axes of ${printShape(shape)}`);
      return [tensor(dtypeOf(ctx, 0), undefined)];
    }
    labels.forEach((label, axis) => {
      const seen = dims.get(label);
      const dim = seen ? broadcastDim(seen, shape[axis]) : shape[axis];
      if (!dim) ctx.problem(`axes named ${label} differ in size`);
      dims.set(label, dim ?? shape[axis]);
    });
    const hidden = labels.filter((label) => label.startsWith("."));
    if (hidden.length > ellipsis.length) ellipsis = hidden.map(() => oneDim);
  }
  const output = right ?? implicitOutput(left);
  const names = spread(output, output.replace("...", "").length + ellipsis.length) ?? [];
  return [tensor(dtypeOf(ctx, 0), names.map((label) => dims.get(label) ?? ctx.fresh()))];
};

/** One label per axis; the axes of an ellipsis are numbered from the right, as they broadcast. */
function spread(term: string, rank: number): readonly string[] | undefined {
  const [before, after] = term.split("...");
  if (after === undefined) return [...term];
  const hidden = rank - before.length - after.length;
  if (hidden < 0) return undefined;
  return [...before, ...Array.from({ length: hidden }, (_, i) => `.${hidden - i}`), ...after];
}

/** Without an arrow: the ellipsis, then the labels that occur once, in alphabetical order. */
function implicitOutput(left: string): string {
  const letters = [...left.replace(/[,.]/g, "")];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return `${left.includes("...") ? "..." : ""}${once.join("")}`;
}

export const matmulRules: RuleTable = {
  MatMul: matmulRule(0, 1, (ctx) => dtypeOf(ctx, 0)),
  MatMulInteger: matmulRule(0, 1, () => "i32"),
  QLinearMatMul: matmulRule(0, 3, (ctx) => dtypeOf(ctx, 7)),
  Gemm: gemm,
  Einsum: einsum,
};
