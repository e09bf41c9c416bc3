/** `in`: lists, ranges, tables and strings. */
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { BinaryExpr } from "../syntax/ast.ts";
import type { Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkExpr, fitTo, settle } from "./expr.ts";
import { boolType, isError } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { compare } from "./expr-numbers.ts";

export function checkIn(scope: Scope, ast: BinaryExpr): Expr {
  const { span } = ast;
  const left = checkExpr(scope, ast.left);
  const right = checkExpr(scope, ast.right);
  if (isError(left.type) || isError(right.type)) return errorExpr(span);
  const why = { reason: "what stands on the right of `in` asks for it", declared: { span: ast.right.span, text: `this is ${printType(right.type)}` } };
  switch (right.type.kind) {
    case "table": {
      const key = fitTo(scope, left, right.type.key, why);
      return isError(key.type) ? errorExpr(span) : { kind: "binary", operator: "in", left: key, right, type: boolType, span };
    }
    case "list": {
      const item = settle(scope, left);
      const list = right.kind === "list" ? fitTo(scope, right, { kind: "list", element: item.type }, { reason: "what stands on the left of `in` asks for it" }) : right;
      const fitted = right.kind === "list" ? item : fitTo(scope, left, right.type.element, why);
      return isError(fitted.type) || isError(list.type) ? errorExpr(span) : { kind: "binary", operator: "in", left: fitted, right: list, type: boolType, span };
    }
    case "range": return checkInRange(scope, ast, left, right);
    case "string": {
      const part = fitTo(scope, left, { kind: "string" }, why);
      return isError(part.type) ? errorExpr(span) : { kind: "binary", operator: "in", left: part, right, type: boolType, span };
    }
    default:
      complain(scope.cx, typeCodes.noOperator, { operator: "in", types: printType(right.type) }, { at: ast.right.span, reason: "`in` looks in a list, a range, a table or a string" });
      return errorExpr(span);
  }
}

/** `x in a..b` is `a <= x and x <= b`. */
function checkInRange(scope: Scope, ast: BinaryExpr, left: Expr, right: Expr): Expr {
  const { span } = ast;
  const [lowEnd, highEnd] = endsOf(right);
  if (lowEnd === undefined || highEnd === undefined) return errorExpr(span);
  const low = compare(scope, "<=", lowEnd, left, ast);
  const high = compare(scope, "<=", left, highEnd, ast);
  if (isError(low.type) || isError(high.type)) return errorExpr(span);
  return { kind: "binary", operator: "and", left: low, right: high, type: boolType, span };
}

function endsOf(range: Expr): readonly (Expr | undefined)[] {
  if (range.kind === "list") return range.items;
  if (range.kind !== "constant" || range.value.kind !== "range" || range.type.kind !== "range") return [];
  const { element: type } = range.type;
  return [range.value.low, range.value.high].map((value) => ({ kind: "constant", value, type, span: range.span }));
}
