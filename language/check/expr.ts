/**
 * Types expressions. Every problem is reported once and leaves an expression of type `error`, which agrees with
 * everything. Numbers as written keep their dtype open (see `isFlexible`) until something decides it; `settle` decides
 * where nothing does.
 */
import type { ValueType } from "../catalog/value-type.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { Expr as AstExpr, StringLiteral } from "../syntax/ast.ts";
import { plainText } from "../syntax/ast.ts";
import type { Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkCall, checkValuePipe } from "./expr-calls.ts";
import { checkList, checkRecord } from "./expr-records.ts";
import { checkMember, checkName, checkRowField } from "./expr-names.ts";
import { checkCast } from "./expr-cast.ts";
import { checkRange } from "./expr-numbers.ts";
import { checkBinary, checkIf, checkUnary } from "./expr-operators.ts";
import { checkIndex } from "./expr-index.ts";
import { adaptNumber, fitValue, isFlexible } from "./fit.ts";
import { createMatching } from "./match.ts";
import { mismatchDiagnostic } from "./mismatch.ts";
import type { Expectation } from "./mismatch.ts";
import { quantityOf } from "./numbers.ts";
import { boolType, errorType, floatType, hasError, intType, stringType } from "./pattern.ts";
import { printType } from "./print-type.ts";

/** The typed form of an expression. */
export function checkExpr(scope: Scope, ast: AstExpr): Expr {
  const { span } = ast;
  switch (ast.kind) {
    case "missing": return errorExpr(span);
    case "number":
      return ast.isInteger
        ? { kind: "constant", value: { kind: "int", value: BigInt(ast.text) }, type: intType, span }
        : { kind: "constant", value: { kind: "float", value: ast.value }, type: floatType, span };
    case "quantity": {
      const value = quantityOf(ast.value, ast.unit);
      return value.kind === "quantity" ? { kind: "constant", value, type: { kind: "quantity", measure: value.measure }, span } : errorExpr(span);
    }
    case "boolean": return { kind: "constant", value: { kind: "bool", value: ast.value }, type: boolType, span };
    case "null": return { kind: "constant", value: { kind: "null" }, type: { kind: "null" }, span };
    case "string": return checkString(scope, ast);
    case "name": return checkName(scope, ast);
    case "rowField": return checkRowField(scope, ast.field, span);
    case "member": return checkMember(scope, ast);
    case "index": return checkIndex(scope, ast);
    case "list": return checkList(scope, ast);
    case "recordExpr": return checkRecord(scope, ast);
    case "unary": return checkUnary(scope, ast);
    case "binary": return checkBinary(scope, ast);
    case "range": return checkRange(scope, ast);
    case "cast": return checkCast(scope, ast);
    case "if": return checkIf(scope, ast);
    case "call": return checkCall(scope, ast);
    case "pipe": return checkValuePipe(scope, ast);
    case "read":
      complain(scope.cx, typeCodes.streamValue, {}, { at: span, reason: "`read` starts a stream: use it in a `let` of a pipeline, or as a constant that ends with `table(by: ...)`" });
      return errorExpr(span);
  }
}

function checkString(scope: Scope, ast: StringLiteral): Expr {
  const text = plainText(ast);
  if (text !== undefined) return { kind: "constant", value: { kind: "string", value: text }, type: stringType, span: ast.span };
  const parts: (string | Expr)[] = [];
  for (const part of ast.parts) {
    if (part.kind === "text") parts.push(part.text);
    else if (part.name.name !== "") parts.push(checkPart(scope, checkName(scope, { kind: "name", name: part.name.name, span: part.name.span }, true)));
  }
  const broken = parts.some((part) => typeof part !== "string" && hasError(part.type));
  return broken ? errorExpr(ast.span) : { kind: "interpolation", parts, type: stringType, span: ast.span };
}

/** What stands in braces becomes text: strings, numbers, truth values. */
function checkPart(scope: Scope, expr: Expr): Expr {
  const { type } = expr;
  if (type.kind === "error" || type.kind === "string" || (type.kind === "tensor" && type.shape.length === 0)) return expr;
  complain(scope.cx, typeCodes.notText, { found: printType(type) }, {
    at: expr.span, reason: "braces in a string put in a string, a number or a truth value",
    ...(type.kind === "optional" ? { fix: { text: "give a default with `??` first", edits: [] } } : {}),
  });
  return errorExpr(expr.span);
}

/** The expression as a value of `type`, or an error (reported). */
export function fitTo(scope: Scope, expr: Expr, type: ValueType, why: Expectation): Expr {
  const fitted = fitValue(createMatching(scope.dims, []), expr, type, "");
  if (fitted.ok) return fitted.expr;
  scope.cx.diagnostics.push(mismatchDiagnostic(fitted.mismatch, fitted.span, why));
  return errorExpr(expr.span);
}

/** Checks an expression and fits it to a type. */
export function checkAs(scope: Scope, ast: AstExpr, type: ValueType, why: Expectation): Expr {
  return fitTo(scope, checkExpr(scope, ast), type, why);
}

/** Decides what nothing else did: numbers as written are `int` or `float`. Values without a type of their own are reported. */
export function settle(scope: Scope, expr: Expr): Expr {
  if (isFlexible(expr) && expr.type.kind === "tensor") {
    if (isInexactDivision(expr)) complainInexact(scope, expr);
    const adapted = adaptNumber(expr, expr.type.dtype);
    if (adapted.ok) return adapted.expr;
    scope.cx.diagnostics.push(mismatchDiagnostic(adapted.mismatch, adapted.span, {}));
    return errorExpr(expr.span);
  }
  switch (expr.kind) {
    case "constant":
      if (expr.value.kind !== "null" || expr.type.kind !== "null") return expr;
      complain(scope.cx, typeCodes.untyped, { what: "`null`" }, { at: expr.span, reason: "nothing here says of which type it is the missing value" });
      return errorExpr(expr.span);
    case "list": {
      // Made to fit a tensor, a range or a type of list before: only what stands in it is open.
      if (expr.type.kind !== "list") return { ...expr, items: expr.items.map((item) => settle(scope, item)) };
      if (expr.items.length === 0 && !hasError(expr.type.element)) return expr;
      const [first, ...rest] = expr.items.map((item) => settle(scope, item));
      if (first === undefined) {
        complain(scope.cx, typeCodes.untyped, { what: "an empty list" }, { at: expr.span, reason: "nothing here says of which type its elements would be" });
        return errorExpr(expr.span);
      }
      const why = { reason: "the elements of a list have one type", declared: { span: first.span, text: `the first is ${printType(first.type)}` } };
      const items = [first, ...rest.map((item) => (item.kind === "record" ? fitTo(scope, item, first.type, why) : item))];
      const element = items.find((item) => hasError(item.type)) === undefined ? first.type : errorType;
      return { ...expr, items, type: { kind: "list", element, lengthMax: items.length } };
    }
    case "record": {
      const entries = expr.entries.map((entry) => (entry.kind === "field" ? { ...entry, value: settle(scope, entry.value) } : entry));
      const types = new Map(entries.flatMap((entry) => (entry.kind === "field" ? [[entry.name, entry.value.type] as const] : [])));
      if (expr.type.kind !== "record") return { ...expr, entries };
      const fields = expr.type.fields.map((field) => ({ ...field, type: types.get(field.name) ?? field.type }));
      return { ...expr, entries, type: { ...expr.type, fields } };
    }
    default:
      return expr;
  }
}

/** Division of two integers as written that has a remainder: 1 / 255 is 0, which nobody means. */
function isInexactDivision(expr: Expr): boolean {
  if (expr.kind !== "binary") return expr.kind === "unary" && isInexactDivision(expr.value);
  if (isInexactDivision(expr.left) || isInexactDivision(expr.right)) return true;
  if (expr.operator !== "/" || expr.left.kind !== "constant" || expr.right.kind !== "constant") return false;
  const [a, b] = [expr.left.value, expr.right.value];
  return a.kind === "int" && b.kind === "int" && b.value !== 0n && a.value % b.value !== 0n;
}

function complainInexact(scope: Scope, expr: Expr): void {
  complain(scope.cx, typeCodes.inexactDivision, {}, {
    at: expr.span,
    reason: "both sides are integers, and nothing here asks for a float: the fraction would be cut off",
    fix: { text: "write one side with a point, such as `1.0 / 255`", edits: [] },
  });
}
