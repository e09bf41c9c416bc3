/** `value[i, j]`: elements of tensors (leading axes first) and lists, rows of tables and, in tests, of streams. */
import type { ListType, TensorValueType, ValueType } from "../catalog/value-type.ts";
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { Span } from "../source/span.ts";
import type { IndexExpr } from "../syntax/ast.ts";
import { constantOf, dimName } from "../tensor/dim.ts";
import { substituteDim } from "../tensor/evaluate-dim.ts";
import type { Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { addUpperBound, freshDim } from "./dim-scope.ts";
import type { DimScope } from "./dim-scope.ts";
import { checkExpr, fitTo } from "./expr.ts";
import { foldExpr } from "./fold.ts";
import { isError, intType, mapDims, optionalOf } from "./pattern.ts";
import { printType } from "./print-type.ts";

export function checkIndex(scope: Scope, ast: IndexExpr): Expr {
  const { span } = ast;
  const value = checkExpr(scope, ast.object);
  const indices = ast.indices.map((index) => checkExpr(scope, index));
  if (isError(value.type) || indices.some((index) => isError(index.type))) return errorExpr(span);
  switch (value.type.kind) {
    case "tensor": return indexTensor(scope, value, value.type, indices, span);
    case "list": return indexList(scope, value, value.type, indices, span);
    case "table": {
      const [key] = indices;
      if (key === undefined || indices.length > 1) return refuse(scope, value, span, "a table has one key");
      const fitted = fitTo(scope, key, value.type.key, { reason: `the table's key is ${printType(value.type.key)}`, declared: { span: ast.object.span, text: "the table" } });
      if (isError(fitted.type)) return errorExpr(span);
      return { kind: "index", value, indices: [fitted], type: optionalOf(value.type.row), span };
    }
    default:
      return refuse(scope, value, span, value.type.kind === "optional" ? "it may be null: give a default with `??` first" : "only tensors, lists and tables have elements");
  }
}

function refuse(scope: Scope, value: Expr, span: Span, reason: string): Expr {
  complain(scope.cx, typeCodes.badIndex, { found: printType(value.type) }, { at: span, label: `this is ${printType(value.type)}`, reason });
  return errorExpr(span);
}

function indexTensor(scope: Scope, value: Expr, type: TensorValueType, indices: readonly Expr[], span: Span): Expr {
  if (indices.length > type.shape.length) return refuse(scope, value, span, `it has ${type.shape.length} axes, and ${indices.length} indices are given`);
  const fitted: Expr[] = [];
  for (const [axis, index] of indices.entries()) {
    const one = fitTo(scope, index, intType, { reason: "an index is an `int`" });
    if (isError(one.type)) return errorExpr(span);
    const size = constantOf(type.shape[axis] ?? dimName("?"));
    if (size !== undefined && !inside(one, size)) {
      complain(scope.cx, dimCodes.outside, { index: String(constantIndex(one)), size: String(size), axis }, {
        at: one.span, reason: `the value is ${printType(type)}; indices go from 0 to ${size - 1n}, or from -${size} counted from the end`,
      });
      return errorExpr(span);
    }
    fitted.push(one);
  }
  const shape = type.shape.slice(indices.length);
  const element: ValueType = type.dtype === "string" && shape.length === 0 ? { kind: "string" } : { ...type, shape };
  return { kind: "index", value, indices: fitted, type: element, span };
}

function constantIndex(index: Expr): bigint | undefined {
  const value = foldExpr(index);
  return value?.kind === "int" ? value.value : undefined;
}

function inside(index: Expr, size: bigint): boolean {
  const value = constantIndex(index);
  return value === undefined || (value < size && value >= -size);
}

function indexList(scope: Scope, value: Expr, type: ListType, indices: readonly Expr[], span: Span): Expr {
  const [index] = indices;
  if (index === undefined || indices.length > 1) return refuse(scope, value, span, "a list has one index");
  const fitted = fitTo(scope, index, intType, { reason: "an index is an `int`" });
  if (isError(fitted.type)) return errorExpr(span);
  return { kind: "index", value, indices: [fitted], type: openElement(scope.dims, type, span), span };
}

/** The type of one element: dimensions that each element has its own value of get names of their own. */
export function openElement(dims: DimScope, type: ListType, span: Span): ValueType {
  if (type.elementDims === undefined || type.elementDims.length === 0) return type.element;
  const names = new Map(type.elementDims.map((name) => {
    const own = freshDim(dims, name.replace(/_\d+$/, ""), { span, text: `\`${name}\` of one element, taken here` });
    const bounds = dims.bounds.get(name);
    const [term] = own.terms;
    const [factor] = term?.factors ?? [];
    if (bounds !== undefined && factor?.atom.kind === "name") dims.bounds.set(factor.atom.name, { ...bounds });
    return [name, own] as const;
  }));
  for (const limit of [...dims.limits]) {
    const renamed = substituteDim(limit.dim, names);
    if (renamed.key !== limit.dim.key) addUpperBound(dims, renamed, limit.high);
  }
  return mapDims(type.element, (dim) => substituteDim(dim, names));
}
