/** Values that must be known while compiling. Asking for a param's value fixes the param at build. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { ValueType } from "../catalog/value-type.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import type { Declaration } from "../names/resolved-program.ts";
import type { Span } from "../source/span.ts";
import type { CheckedParam, Expr } from "./checked-program.ts";
import { constantFor } from "./constants.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { foldExpr } from "./fold.ts";
import { paramFor } from "./params.ts";

/** The value of a constant, param or value of the standard library; undefined where it has none (reported). */
export function namedConstant(cx: CheckContext, declaration: Declaration, span: Span): ConstantValue | undefined {
  switch (declaration.kind) {
    case "value":
      return declaration.value;
    case "param": {
      const param = paramFor(cx, declaration);
      fixParam(cx, param, span);
      return valueAtBuild(param);
    }
    case "const": {
      const known = constantFor(cx, declaration);
      if (known === undefined) return undefined;
      if (known.kind === "inline") return constantOfExpr(cx, known.value, (fix) => fix());
      return known.constant.kind === "plain" ? known.constant.value : undefined;
    }
    default:
      return undefined;
  }
}

/** The value of an expression while compiling, or undefined. `onFix` gets what must happen if the value is used. */
export function constantOfExpr(cx: CheckContext, expr: Expr, onFix: (fix: () => void) => void): ConstantValue | undefined {
  const fixes: (() => void)[] = [];
  const value = foldExpr(expr, (symbol, use) => {
    const param = cx.params.get(symbol);
    if (param === undefined) return undefined;
    fixes.push(() => fixParam(cx, param, use.span));
    return valueAtBuild(param);
  });
  if (value !== undefined) fixes.forEach(onFix);
  return value;
}

/** Notes that a param's value is needed at build, and says so if it has none. */
function fixParam(cx: CheckContext, param: CheckedParam, span: Span): void {
  if (cx.fixedParams.has(param.symbol)) return;
  cx.fixedParams.set(param.symbol, span);
  if (param.value !== undefined || param.default !== undefined) return;
  complain(cx, nameCodes.valueNeededAtBuild, { name: param.name }, {
    at: span,
    label: "the value is needed here, while compiling",
    others: [{ span: param.span, text: "declared without a default" }],
    reason: "what reaches a type, a setting or a model is fixed at build",
    fix: { text: `give it a default, or build with \`--param ${param.name}=...\``, edits: [] },
  });
}

/** The build's value, the default, or (reported by `fixParam`) something of its type to go on with. */
function valueAtBuild(param: CheckedParam): ConstantValue {
  return param.value ?? param.default ?? param.range?.low ?? placeholder(param.type);
}

function placeholder(type: ValueType): ConstantValue {
  switch (type.kind) {
    case "tensor":
      if (type.dtype === "bool") return { kind: "bool", value: false };
      return type.dtype.startsWith("f") || type.dtype === "bf16" ? { kind: "float", value: 1 } : { kind: "int", value: 1n };
    case "string": return { kind: "string", value: type.literals?.[0] ?? "" };
    default: return { kind: "null" };
  }
}
