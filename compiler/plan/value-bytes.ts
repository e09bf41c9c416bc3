/** How large what operators make of one row can be while it is computed: a picture decoded, before it is cut to size. */
import { bytesMaxOf } from "../../language/check/bytes-max.ts";
import type { Expr } from "../../language/check/checked-program.ts";
import { noFacts } from "./columns.ts";
import type { RowFacts } from "./columns.ts";
import type { LoweredProgram, Step } from "./lowered-program.ts";
import { stepExprs } from "./step-exprs.ts";
import { functionsUsed, visitExpr } from "./walk-expr.ts";

/** The largest result of an operator in the steps and the functions they call; what nothing bounds counts as the pipeline's limits say. */
export function valueBytesMax({ checked }: LoweredProgram, steps: readonly Step[], facts: RowFacts): number {
  const own = steps.flatMap(stepExprs);
  const seen = new Set<string>();
  let most = largest(own, facts);
  for (let next = functionsUsed(own); next.size > 0; ) {
    const bodies = checked.functions.filter(({ symbol }) => next.has(symbol) && !seen.has(symbol));
    for (const { symbol } of bodies) seen.add(symbol);
    const exprs = bodies.flatMap(({ lets, body }) => [...lets.map(({ value }) => value), body]);
    // Their dimensions have names of their own.
    most = Math.max(most, largest(exprs, { ...facts, dims: noFacts.dims }));
    next = functionsUsed(exprs);
    if (bodies.length === 0) break;
  }
  return most;
}

function largest(exprs: readonly Expr[], { dims, limits }: RowFacts): number {
  let most = 0;
  for (const expr of exprs) {
    visitExpr(expr, (part) => {
      if (part.kind === "operator") most = Math.max(most, bytesMaxOf(part.type, dims, limits));
    });
  }
  return most;
}
