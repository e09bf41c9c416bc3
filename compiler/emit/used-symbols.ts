/** Which functions, externs and resources a program needs: what nothing uses is not written out. */
import type { CheckedConstant, CheckedTest, Expr, SettingValue, Stream } from "../../language/check/checked-program.ts";
import type { LoweredProgram } from "../plan/lowered-program.ts";
import { stepExprs } from "../plan/step-exprs.ts";
import { visitExpr } from "../plan/walk-expr.ts";

/** Symbols reachable from steps, writes and settings; from test blocks too where they are written out. */
export function usedSymbols(program: LoweredProgram, withTests: boolean): ReadonlySet<string> {
  return symbolsReached(program, [...rootExprs(program), ...(withTests ? program.checked.tests.flatMap(testExprs) : [])]);
}

/** Symbols of functions, externs and resources that the expressions use, directly or through others. */
export function symbolsReached(program: LoweredProgram, roots: readonly Expr[]): ReadonlySet<string> {
  const used = new Set<string>();
  const waiting: Expr[] = [...roots];
  for (let expr = waiting.pop(); expr !== undefined; expr = waiting.pop()) {
    visitExpr(expr, (part) => {
      if (part.kind !== "function" && part.kind !== "extern" && part.kind !== "resource") return;
      if (used.has(part.symbol)) return;
      used.add(part.symbol);
      waiting.push(...bodyOf(program, part.symbol));
    });
  }
  return used;
}

function rootExprs(program: LoweredProgram): readonly Expr[] {
  return program.pipelines.flatMap((pipeline) => [
    ...pipeline.steps.flatMap(stepExprs),
    ...pipeline.writes.flatMap(({ write }) => Object.values(write.args)),
    ...Object.values(pipeline.settings).flatMap(settingExprs),
  ]);
}

export function settingExprs(value: SettingValue): readonly Expr[] {
  switch (value.kind) {
    case "constant":
      return [];
    case "expr":
      return [value.value];
    case "call":
      return Object.values(value.args).flatMap(settingExprs);
    case "record":
      return Object.values(value.fields).flatMap(settingExprs);
  }
}

function testExprs(test: CheckedTest): readonly Expr[] {
  return [...test.givens.map((given) => given.rows), ...test.expects.map((expect) => expect.value)];
}

function bodyOf(program: LoweredProgram, symbol: string): readonly Expr[] {
  const fn = program.checked.functions.find((candidate) => candidate.symbol === symbol);
  if (fn !== undefined) return [...fn.lets.map((l) => l.value), fn.body];
  const constant = program.checked.constants.find((candidate) => candidate.symbol === symbol);
  return constant === undefined ? [] : constantExprs(constant);
}

function constantExprs(constant: CheckedConstant): readonly Expr[] {
  switch (constant.kind) {
    case "plain":
      return [];
    case "resource":
      return [constant.value];
    case "table":
      return [...Object.values(constant.read.args), ...constant.steps.flatMap(tableStepExprs), constant.key];
  }
}

function tableStepExprs(step: Stream): readonly Expr[] {
  if (step.kind === "map") return step.record.map((entry) => entry.value);
  return step.kind === "filter" ? [step.predicate] : [];
}
