/** `==` and `!=`: whole values of one type, tests for null. */
import type { ValueType } from "../catalog/value-type.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { BinaryExpr } from "../syntax/ast.ts";
import { dimName } from "../tensor/dim.ts";
import { substituteDim } from "../tensor/evaluate-dim.ts";
import type { Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkExpr, fitTo, settle } from "./expr.ts";
import { adaptNumber, fitValue, isFlexible } from "./fit.ts";
import { createMatching } from "./match.ts";
import type { Matching } from "./match.ts";
import { mismatchDiagnostic } from "./mismatch.ts";
import { boolType, isError, mapDims, optionalOf } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { namesIn } from "./read-type.ts";

export function checkEquality(scope: Scope, ast: BinaryExpr, op: "==" | "!="): Expr {
  const { span } = ast;
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(scope, ast.right);
  if (isError(left.type) || isError(right.type)) return errorExpr(span);
  // A snapshot has no type of its own until it meets the other side's.
  const isNull = (side: Expr): boolean => side.type.kind === "null" && side.kind !== "snapshot";
  if (isNull(left) || isNull(right)) return checkNullTest(scope, ast, op, left, right);
  const sides = unify(scope, left, right, op);
  if (sides === undefined) return errorExpr(span);
  const { type } = sides[0];
  if (type.kind === "table" || type.kind === "resource") {
    complain(scope.cx, typeCodes.noOperator, { operator: op, types: printType(type) }, { at: span, reason: "such values cannot be compared" });
    return errorExpr(span);
  }
  return { kind: "binary", operator: op, left: sides[0], right: sides[1], type: boolType, span };
}

function checkNullTest(scope: Scope, ast: BinaryExpr, op: "==" | "!=", left: Expr, right: Expr): Expr {
  const [tested, testedAst] = left.type.kind === "null" ? [right, ast.right] : [left, ast.left];
  if (tested.type.kind !== "optional" && tested.type.kind !== "null") {
    complain(scope.cx, typeCodes.neverNull, { found: printType(tested.type) }, {
      at: testedAst.span, label: `this is ${printType(tested.type)}`, reason: `so \`${op} null\` is always ${op === "!="}`,
    });
  }
  return { kind: "binary", operator: op, left, right, type: boolType, span: ast.span };
}

/** Both sides of an equality with one type: what is written as a literal takes the other side's. */
function unify(scope: Scope, left: Expr, right: Expr, op: string): readonly [Expr, Expr] | undefined {
  const [a, b] = [isOpen(left), isOpen(right)];
  if (a && b) return unifyOpen(scope, left, right, op);
  const [fixed, open] = a ? [right, left] : [left, right];
  const wanted = looserOf(fixed.type, open);
  const fitted = fitValue(anyShape(scope, wanted), open, withOpenDims(wanted), "");
  if (fitted.ok) return a ? [fitted.expr, fixed] : [fixed, fitted.expr];
  const other = fitValue(anyShape(scope, open.type), fixed, withOpenDims(open.type), "");
  if (other.ok && !a && !b) return [other.expr, open];
  scope.cx.diagnostics.push(mismatchDiagnostic(fitted.mismatch, fitted.span, {
    reason: `both sides of \`${op}\` have one type`, declared: { span: fixed.span, text: `this is ${printType(fixed.type)}` },
  }));
  return undefined;
}

/** Values of different shapes can be compared: they are not equal. So symbolic dimensions bind to what they meet. */
function withOpenDims(type: ValueType): ValueType {
  const names = new Map([...namesIn([type])].map((name) => [name, dimName(`${name}?`)]));
  return mapDims(type, (dim) => substituteDim(dim, names));
}

function anyShape(scope: Scope, type: ValueType): Matching {
  return createMatching(scope.dims, [...namesIn([type])].map((name) => `${name}?`));
}

function isOpen(expr: Expr): boolean {
  return isFlexible(expr) || expr.kind === "snapshot" || expr.kind === "list" || expr.kind === "record" || (expr.kind === "constant" && expr.type.kind === "string");
}

/** Two literals: a float makes both floats. */
function unifyOpen(scope: Scope, left: Expr, right: Expr, op: string): readonly [Expr, Expr] | undefined {
  if (isFlexible(left) && isFlexible(right)) {
    const isFloat = [left, right].some((side) => side.type.kind === "tensor" && side.type.dtype === "f64");
    const a = adaptNumber(left, isFloat ? "f64" : "i64");
    const b = adaptNumber(right, isFloat ? "f64" : "i64");
    return a.ok && b.ok ? [a.expr, b.expr] : undefined;
  }
  const one = left.kind === "snapshot" ? right : left;
  const settled = settle(scope, one);
  if (isError(settled.type)) return undefined;
  const other = fitTo(scope, one === left ? right : left, settled.type, { reason: `both sides of \`${op}\` have one type`, declared: { span: one.span, text: `this is ${printType(settled.type)}` } });
  if (isError(other.type)) return undefined;
  return one === left ? [settled, other] : [other, settled];
}

/** What the open side may be: null too if it is optional, any string, unless it is written out. */
function looserOf(fixed: ValueType, open: Expr): ValueType {
  if (fixed.kind === "string" && open.kind === "constant") return fixed;
  return open.type.kind === "optional" ? optionalOf(fixed) : fixed.kind === "string" ? { kind: "string" } : fixed;
}
