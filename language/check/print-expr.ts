/** Checked expressions as text close to the source, for dumps and messages. Symbols stand for names. */
import type { Expr, RecordEntry } from "./checked-program.ts";
import { printConstant, printType } from "./print-type.ts";

/** An expression on one line. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "constant": return printConstant(expr.value);
    case "interpolation": return `"${expr.parts.map((part) => (typeof part === "string" ? part : `{${printExpr(part)}}`)).join("")}"`;
    case "param": return `param ${expr.symbol}`;
    case "resource": return `resource ${expr.symbol}`;
    case "local": return expr.symbol;
    case "field": return `.${expr.name}`;
    case "member": return `${printExpr(expr.value)}.${expr.name}`;
    case "index": return `${printExpr(expr.value)}[${printAll(expr.indices)}]`;
    case "operator": return `${expr.async ? "await " : ""}${expr.operator}(${printArgs(expr.args)})`;
    case "function": return `${expr.async ? "await " : ""}fn ${expr.symbol}(${printAll(expr.args)})`;
    case "extern": return `extern ${expr.symbol}(${printAll(expr.args)})`;
    case "model": return `model ${expr.symbol}(${printAll(expr.args)})`;
    case "record": return `{ ${printEntries(expr.entries)} }`;
    case "list": return `[${printAll(expr.items)}]`;
    case "unary": return expr.operator === "not" ? `not ${printExpr(expr.value)}` : `-${printExpr(expr.value)}`;
    case "binary": return `(${printExpr(expr.left)} ${expr.operator} ${printExpr(expr.right)})`;
    case "if": return `(if ${printExpr(expr.condition)} then ${printExpr(expr.then)} else ${printExpr(expr.otherwise)})`;
    case "cast": return `(${printExpr(expr.value)} as ${printType(expr.type)}${expr.checked ? ", checked" : ""})`;
    case "narrow": return expr.type.kind === "optional" ? printExpr(expr.value) : `narrow(${printExpr(expr.value)})`;
    case "fixture": return `file(${JSON.stringify(expr.path)})`;
    case "stream": return `stream ${expr.pipeline}.${expr.name}`;
    case "snapshot": return `snapshot(${JSON.stringify(expr.name)})`;
  }
}

function printAll(exprs: readonly Expr[]): string {
  return exprs.map(printExpr).join(", ");
}

export function printArgs(args: Readonly<Record<string, Expr>>): string {
  return Object.entries(args).map(([name, value]) => `${name}: ${printExpr(value)}`).join(", ");
}

export function printEntries(entries: readonly RecordEntry[]): string {
  return entries.map((entry) => (entry.kind === "field" ? `${entry.name}: ${printExpr(entry.value)}` : `..${printExpr(entry.value)} gives ${entry.fields.join(", ")}`)).join(", ");
}
