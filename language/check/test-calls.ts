/** Calls that only test blocks have: `file("…")`, `snapshot("…")`, `count(p.stream)`. */
import { testCodes } from "../diagnostics/codes/tests.ts";
import { plainText } from "../syntax/ast.ts";
import type { CallExpr } from "../syntax/ast.ts";
import type { Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkExpr } from "./expr.ts";
import { bytesType, hasError, intType } from "./pattern.ts";
import { printType } from "./print-type.ts";

const names: readonly string[] = ["file", "snapshot", "count"];

export function isTestCall(name: string): boolean {
  return names.includes(name);
}

export function checkTestCall(scope: Scope, ast: CallExpr): Expr {
  const { span } = ast;
  const callee = ast.callee.name;
  const [arg, another] = ast.args;
  if (arg === undefined || another !== undefined) {
    complain(scope.cx, testCodes.testCall, { name: callee }, { at: span, reason: callee === "count" ? "write `count(pipeline.stream)`" : `write \`${callee}("name")\`` });
    return errorExpr(span);
  }
  if (callee === "count") {
    const value = checkExpr(scope, arg.value);
    if (hasError(value.type)) return errorExpr(span);
    if (value.type.kind === "list") return { kind: "operator", operator: "count", args: { x: value }, async: false, type: intType, span };
    complain(scope.cx, testCodes.testCall, { name: callee }, { at: arg.value.span, label: `this is ${printType(value.type)}`, reason: "`count` gives the number of rows of a stream, or of elements of a list" });
    return errorExpr(span);
  }
  const text = arg.value.kind === "string" ? plainText(arg.value) : undefined;
  if (text === undefined) {
    complain(scope.cx, testCodes.testCall, { name: callee }, { at: arg.value.span, reason: `the name is written out: \`${callee}("name")\`` });
    return errorExpr(span);
  }
  return callee === "file"
    ? { kind: "fixture", path: text, fromFile: scope.module.source.path, type: bytesType, span }
    : { kind: "snapshot", name: text, type: { kind: "null" }, span };
}
