/** Walks checked expressions. */
import type { Expr, RecordEntry } from "./checked-program.ts";

/** The direct parts of an expression, in order of evaluation. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "constant": case "param": case "resource": case "local": case "field": case "fixture": case "stream": case "snapshot":
      return [];
    case "interpolation": return expr.parts.filter((part) => typeof part !== "string");
    case "member": case "unary": case "cast": case "narrow":
      return [expr.value];
    case "index": return [expr.value, ...expr.indices];
    case "operator": return Object.values(expr.args);
    case "function": case "extern": case "model":
      return expr.args;
    case "record": return expr.entries.map((entry) => entry.value);
    case "list": return expr.items;
    case "binary": return [expr.left, expr.right];
    case "if": return [expr.condition, expr.then, expr.otherwise];
  }
}

/** Calls `visit` for an expression and everything inside it, outside first. */
export function visitExpr(expr: Expr, visit: (part: Expr) => void): void {
  visit(expr);
  for (const part of partsOf(expr)) visitExpr(part, visit);
}

/** All values in the entries of a record. */
export function visitEntries(entries: readonly RecordEntry[], visit: (part: Expr) => void): void {
  for (const entry of entries) visitExpr(entry.value, visit);
}
