/** The test blocks, as data and closures that `pipec test` runs with the interpreter. */
import type { CheckedTest, Expr } from "../../language/check/checked-program.ts";
import { visitExpr } from "../plan/walk-expr.ts";
import { at, lines } from "./code.ts";
import type { Code } from "./code.ts";
import { emitPlace, stepName } from "./emit-context.ts";
import type { EmitContext } from "./emit-context.ts";
import { emitExpr } from "./emit-expr.ts";

export function emitTests(cx: EmitContext): Code {
  return ["export const tests = ", cx.runtime("defineTests"), "([\n", lines(cx.program.tests.map((test) => emitTest(cx, test)), 1), "]);\n"];
}

function emitTest(cx: EmitContext, test: CheckedTest): Code {
  const givens = test.givens.map((given): Code => {
    return at(given.span, `{ pipeline: ${JSON.stringify(given.pipeline)}, stream: ${JSON.stringify(stepName(cx, given.pipeline, given.stream))}, rows: async () => (`, emitExpr(cx, given.rows), ") },");
  });
  const expects = test.expects.map((expect): Code => at(expect.span, "{\n", lines(emitExpect(cx, expect), 1), "},"));
  const parts: Code[] = [
    `name: ${JSON.stringify(test.name)}, at: ${emitPlace(cx, test.span)},`,
    `streams: ${JSON.stringify(streamsRead(cx, test))},`,
    ["givens: [\n", lines(givens, 1), "],"],
    ["expects: [\n", lines(expects, 1), "],"],
  ];
  return at(test.span, "{\n", lines(parts, 1), "},");
}

/** The streams whose rows the expectations look at, by pipeline. */
function streamsRead(cx: EmitContext, test: CheckedTest): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {};
  for (const expect of test.expects) {
    visitExpr(expect.value, (part) => {
      if (part.kind !== "stream") return;
      const names = (found[part.pipeline] ??= []);
      const name = stepName(cx, part.pipeline, part.stream);
      if (!names.includes(name)) names.push(name);
    });
  }
  return found;
}

/** A comparison gives both its sides, so that a failure can show them. */
function emitExpect(cx: EmitContext, expect: CheckedTest["expects"][number]): readonly Code[] {
  const { value } = expect;
  const head = `text: ${JSON.stringify(expect.text)}, at: ${emitPlace(cx, expect.span)},`;
  const closure = (name: string, expr: Expr): Code => [`${name}: async ({ streams, snapshot }) => (`, emitExpr(cx, expr), "),"];
  if (value.kind !== "binary" || !comparisons.has(value.operator)) return [head, closure("holds", value)];
  return [head, closure("holds", value), `operator: ${JSON.stringify(value.operator)},`, closure("left", value.left), closure("right", value.right)];
}

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "in"]);
