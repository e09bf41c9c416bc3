/**
 * Where emitted code finds the size that a dimension name stands for: an axis of a parameter, of a field of the row, or
 * of what a cast names. So `as tensor<f32>[T, 4]` compares `T`, too, where something at hand has that size.
 */
import type { RecordField, ValueType } from "../../language/catalog/value-type.ts";
import type { Expr } from "../../language/check/checked-program.ts";
import { visitExpr } from "../plan/walk-expr.ts";
import { loneName } from "./emit-dim.ts";
import { propertyAccess } from "./names.ts";

/** Code by dimension name. */
export type DimSizes = ReadonlyMap<string, string>;

export const noSizes: DimSizes = new Map();

/** The sizes that the fields of a row and the casts in some expressions over it tell. */
export function sizesOfRow(fields: readonly RecordField[], exprs: readonly Expr[]): DimSizes {
  const sizes = new Map<string, string>();
  for (const field of fields) addSizes(sizes, field.type, fieldCode(field.name));
  for (const expr of exprs) addCasts(sizes, expr);
  return sizes;
}

/** The same for a function's parameters and, each in turn, its lets and its result. */
export function sizesOfFunction(parameters: readonly { readonly symbol: string; readonly type: ValueType }[]): Map<string, string> {
  const sizes = new Map<string, string>();
  for (const { symbol, type } of parameters) addSizes(sizes, type, symbol);
  return sizes;
}

/** A name keeps the first size found for it: whatever else has that name is compared to it. */
export function addSizes(sizes: Map<string, string>, type: ValueType, code: string): void {
  if (type.kind !== "tensor") return;
  type.shape.forEach((dim, axis) => {
    const name = loneName(dim);
    if (name !== undefined && !sizes.has(name)) sizes.set(name, axisOf(code, axis));
  });
}

/** A cast that names an axis of a field, parameter or let. */
export function addCasts(sizes: Map<string, string>, expr: Expr): void {
  visitExpr(expr, (part) => {
    if (part.kind !== "cast" || part.value.type.kind !== "tensor") return;
    const code = codeOf(part.value);
    if (code !== undefined) addSizes(sizes, part.type, code);
  });
}

/** The size of an axis of a value that has a name; undefined for one that has none. */
export function axisCode(value: Expr, axis: number): string | undefined {
  const code = codeOf(value);
  return code === undefined ? undefined : axisOf(code, axis);
}

function codeOf(value: Expr): string | undefined {
  if (value.kind === "field") return fieldCode(value.name);
  return value.kind === "local" ? value.symbol : undefined;
}

function axisOf(code: string, axis: number): string {
  return `${code}.shape[${axis}]`;
}

function fieldCode(name: string): string {
  return `row${propertyAccess(name)}`;
}
