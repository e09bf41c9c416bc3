/** Unary and binary operators: which rule types which, logic, `??` and `if`. */
import type { ValueType } from "../catalog/value-type.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { BinaryExpr, IfExpr, UnaryExpr } from "../syntax/ast.ts";
import type { Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkAs, checkExpr, fitTo, settle } from "./expr.ts";
import { isFlexible } from "./fit.ts";
import { pathsNotNull } from "./narrowing.ts";
import { boolType, isError, optionalOf, withoutOptional } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { conditional, withNotNull } from "./scope.ts";
import { checkEquality } from "./expr-equality.ts";
import { checkIn } from "./expr-membership.ts";
import { checkArithmetic, checkOrder, sameDtype } from "./expr-numbers.ts";

export function checkUnary(scope: Scope, ast: UnaryExpr): Expr {
  const { span } = ast;
  if (ast.op === "not") {
    const value = checkAs(scope, ast.operand, boolType, { reason: "`not` takes a truth value" });
    return isError(value.type) ? errorExpr(span) : { kind: "unary", operator: "not", value, type: boolType, span };
  }
  const value = checkExpr(scope, ast.operand);
  if (isError(value.type)) return errorExpr(span);
  const { type } = value;
  if (type.kind === "quantity" || (type.kind === "tensor" && type.dtype !== "bool" && !type.dtype.startsWith("u"))) {
    return { kind: "unary", operator: "-", value, type, span };
  }
  complain(scope.cx, typeCodes.noOperator, { operator: "-", types: printType(type) }, {
    at: span, reason: type.kind === "tensor" && type.dtype.startsWith("u") ? `${type.dtype} has no negative values` : "only numbers have a sign",
  });
  return errorExpr(span);
}

export function checkBinary(scope: Scope, ast: BinaryExpr): Expr {
  switch (ast.op) {
    case "and":
    case "or": return checkLogic(scope, ast, ast.op);
    case "??": return checkCoalesce(scope, ast);
    case "in": return checkIn(scope, ast);
    case "==":
    case "!=": return checkEquality(scope, ast, ast.op);
    case "<": case "<=": case ">": case ">=": return checkOrder(scope, ast, ast.op);
    case "+": case "-": case "*": case "/": return checkArithmetic(scope, ast, ast.op);
  }
}

function checkLogic(scope: Scope, ast: BinaryExpr, op: "and" | "or"): Expr {
  const why = { reason: `\`${op}\` takes truth values` };
  const left = checkAs(scope, ast.left, boolType, why);
  const right = checkAs(withNotNull(conditional(scope), pathsNotNull(ast.left, op === "and")), ast.right, boolType, why);
  if (isError(left.type) || isError(right.type)) return errorExpr(ast.span);
  return { kind: "binary", operator: op, left, right, type: boolType, span: ast.span };
}

function checkCoalesce(scope: Scope, ast: BinaryExpr): Expr {
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(conditional(scope), ast.right);
  if (isError(left.type) || isError(right.type)) return errorExpr(ast.span);
  if (left.type.kind === "null") return right;
  if (left.type.kind !== "optional") {
    complain(scope.cx, typeCodes.neverNull, { found: printType(left.type) }, {
      at: ast.left.span, label: `this is ${printType(left.type)}`,
      reason: "`??` gives a default for values that may be null",
      fix: { text: "leave the default out", edits: [{ span: { ...ast.span, start: ast.left.span.end }, replacement: "" }] },
    });
    return left;
  }
  const { inner } = left.type;
  const keepsNull = right.type.kind === "optional";
  const type = keepsNull ? left.type : inner;
  const fitted = fitTo(scope, right, type, { reason: "both sides of `??` have one type", declared: { span: ast.left.span, text: `this is ${printType(left.type)}` } });
  if (isError(fitted.type)) return errorExpr(ast.span);
  return { kind: "binary", operator: "??", left, right: fitted, type, span: ast.span };
}

export function checkIf(scope: Scope, ast: IfExpr): Expr {
  const { span } = ast;
  const condition = checkAs(scope, ast.condition, boolType, { reason: "a condition is a truth value" });
  const inner = conditional(scope);
  const then = checkExpr(withNotNull(inner, pathsNotNull(ast.condition, true)), ast.then);
  const otherwise = checkExpr(withNotNull(inner, pathsNotNull(ast.condition, false)), ast.else);
  if (isError(condition.type) || isError(then.type) || isError(otherwise.type)) return errorExpr(span);
  const joined = joinBranches(scope, then, otherwise);
  return joined === undefined ? errorExpr(span) : { kind: "if", condition, then: joined[0], otherwise: joined[1], type: joined[2], span };
}

/** Both branches with one type; null in one of them makes it optional. */
export function joinBranches(scope: Scope, then: Expr, otherwise: Expr): readonly [Expr, Expr, ValueType] | undefined {
  if (isFlexible(then) && isFlexible(otherwise)) {
    const sides = sameDtype(then, otherwise);
    return sides.ok ? [sides.left, sides.right, sides.left.type] : undefined;
  }
  const isNull = (expr: Expr): boolean => expr.type.kind === "null";
  if (isNull(then) && isNull(otherwise)) return [then, otherwise, then.type];
  const leader = isNull(then) || (isFlexible(then) && !isNull(otherwise)) ? otherwise : then;
  const optional = isNull(then) || isNull(otherwise) || then.type.kind === "optional" || otherwise.type.kind === "optional";
  const base = settle(scope, leader);
  const type = optional ? optionalOf(withoutOptional(base.type)) : base.type;
  const why = { reason: "both branches have one type", declared: { span: leader.span, text: `this branch is ${printType(base.type)}` } };
  const a = fitTo(scope, leader === then ? base : then, type, why);
  const b = fitTo(scope, leader === otherwise ? base : otherwise, type, why);
  return isError(a.type) || isError(b.type) ? undefined : [a, b, type];
}
