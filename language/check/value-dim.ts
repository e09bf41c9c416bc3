/**
 * Integers known while compiling, as dimensions: constants, params (which that fixes at build), and the `int`
 * parameters of the function around, which its own callers give as constants.
 */
import { addDims, dimName, dimOf, mulDims, subDims } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import type { Expr } from "./checked-program.ts";
import type { Scope } from "./context.ts";
import { constantOfExpr } from "./named-constant.ts";

/** The dimension that an `int` expression is, or undefined where it is known only at run time. `onFix` gets what fixing a param needs. */
export function dimOfValue(scope: Scope, expr: Expr, onFix: (fix: () => void) => void): Dim | undefined {
  switch (expr.kind) {
    case "local": {
      const local = [...scope.locals.entries()].find(([, candidate]) => candidate.kind === "value" && candidate.symbol === expr.symbol);
      return local !== undefined && local[1].kind === "value" && local[1].isParameter && scope.dims.taken.has(local[0]) ? dimName(local[0]) : undefined;
    }
    case "narrow":
      return dimOfValue(scope, expr.value, onFix);
    case "binary": {
      const left = dimOfValue(scope, expr.left, onFix);
      const right = dimOfValue(scope, expr.right, onFix);
      if (left === undefined || right === undefined) break;
      if (expr.operator === "+") return addDims(left, right);
      if (expr.operator === "-") return subDims(left, right);
      if (expr.operator === "*") return mulDims(left, right);
      break;
    }
    default:
      break;
  }
  const constant = constantOfExpr(scope.cx, expr, onFix);
  return constant?.kind === "int" ? dimOf(constant.value) : undefined;
}
