/** Test blocks: rows given to streams, and what is expected of others. */
import type { ValueType } from "../catalog/value-type.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { testCodes } from "../diagnostics/codes/tests.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listOf } from "../names/resolve.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import type { ResolvedModule } from "../names/resolved-program.ts";
import { textAt } from "../source/source-file.ts";
import type { ExpectStatement, GivenStatement, TestItem } from "../syntax/ast.ts";
import { dimName } from "../tensor/dim.ts";
import { substituteDim } from "../tensor/evaluate-dim.ts";
import type { CheckedTest } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { CheckContext, Scope, TestScope } from "./context.ts";
import { createDimScope } from "./dim-scope.ts";
import { checkExpr, fitTo } from "./expr.ts";
import { fit } from "./fit.ts";
import { createMatching, settleDeferred } from "./match.ts";
import { mismatchDiagnostic } from "./mismatch.ts";
import { boolType, hasError, mapDims } from "./pattern.ts";
import type { KnownPipeline } from "./pipelines.ts";
import { namesIn, writtenOut } from "./read-type.ts";
import { constantScope } from "./scope.ts";
import { visitExpr } from "./visit.ts";

export function checkTests(cx: CheckContext, module: ResolvedModule, pipelines: ReadonlyMap<string, KnownPipeline>): readonly CheckedTest[] {
  const test: TestScope = {
    pipelines: new Map([...pipelines].map(([name, known]) => [name, [...known.lets.keys()]])),
    streamOf: (pipeline, stream) => {
      const known = pipelines.get(pipeline);
      const named = known?.lets.get(stream);
      if (named !== undefined) cx.testedLets.add(named);
      const id = named?.stream;
      const found = id === undefined ? undefined : known?.pipeline.streams[id];
      return id === undefined || found === undefined ? undefined : { id, row: found.row, open: known?.open.has(id) === true };
    },
  };
  const titles = new Map<string, TestItem["title"]>();
  return module.tests.flatMap((item) => {
    const checked = checkTest(cx, module, test, item);
    const earlier = checked === undefined ? undefined : titles.get(checked.name);
    if (checked !== undefined && earlier !== undefined) {
      complain(cx, testCodes.duplicateTitle, { title: checked.name }, { at: item.title.span, others: [{ span: earlier.span, text: "first here" }], reason: "snapshots and reports name a test by its title" });
    }
    if (checked !== undefined) titles.set(checked.name, item.title);
    return checked === undefined ? [] : [checked];
  });
}

function checkTest(cx: CheckContext, module: ResolvedModule, test: TestScope, item: TestItem): CheckedTest | undefined {
  const title = item.title.kind === "missing" ? undefined : writtenOut(cx, item.title);
  const scope: Scope = { ...constantScope(cx, module, createDimScope()), test };
  const givens: CheckedTest["givens"][number][] = [];
  const expects: CheckedTest["expects"][number][] = [];
  for (const statement of item.statements) {
    if (statement.kind === "given") {
      const given = checkGiven(scope, test, statement);
      const earlier = given === undefined ? undefined : givens.find((one) => one.pipeline === given.pipeline && one.stream === given.stream);
      if (given !== undefined && earlier !== undefined) {
        complain(cx, testCodes.givenTwice, { stream: `${given.pipeline}.${given.name}` }, { at: statement.stream.span, others: [{ span: earlier.span, text: "given here already" }] });
      }
      if (given !== undefined) givens.push(given);
    } else {
      const expect = checkExpect(scope, module, statement);
      if (expect !== undefined) expects.push(expect);
    }
  }
  return title === undefined ? undefined : { name: title, givens, expects, span: item.span };
}

function checkGiven(scope: Scope, test: TestScope, ast: GivenStatement): CheckedTest["givens"][number] | undefined {
  const { cx, module } = scope;
  const { pipeline, stream } = ast;
  const rows = checkExpr(scope, ast.value);
  if (pipeline.name === "" || stream.name === "") return undefined;
  const found = module.scope.get(pipeline.name);
  if (found !== undefined) cx.used.add(found);
  if (found?.kind !== "pipeline") {
    if (found?.kind === "broken") return undefined;
    const near = suggest(pipeline.name, test.pipelines.keys());
    const fix = near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: pipeline.span, replacement: near }] } };
    if (found === undefined) complain(cx, testCodes.unknownPipeline, { name: pipeline.name }, { at: pipeline.span, reason: "`given` names a stream of a pipeline: `given pipeline.stream = [...]`", ...fix });
    else complain(cx, nameCodes.wrongKind, { name: pipeline.name, found: describeDeclaration(found.kind), wanted: "a pipeline" }, { at: pipeline.span, others: [{ span: found.span, text: "declared here" }] });
    return undefined;
  }
  const known = test.streamOf(found.name, stream.name);
  if (known === undefined) {
    const names = test.pipelines.get(found.name) ?? [];
    const near = suggest(stream.name, names);
    complain(cx, nameCodes.unknownStream, { name: stream.name, pipeline: found.name }, {
      at: stream.span, reason: names.length === 0 ? `pipeline \`${found.name}\` names no streams` : `pipeline \`${found.name}\` has ${listOf(names)}`,
      ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: stream.span, replacement: near }] } }),
    });
    return undefined;
  }
  if (known.open) return undefined;
  const fitted = fitRows(scope, rows, known.row, stream.name);
  return fitted === undefined ? undefined : { pipeline: found.name, stream: known.id, name: stream.name, rows: fitted, span: ast.span };
}

/** Each row has its own values of the dimensions of the stream's rows. */
function fitRows(scope: Scope, rows: ReturnType<typeof checkExpr>, row: ValueType, stream: string): ReturnType<typeof checkExpr> | undefined {
  if (hasError(rows.type) && rows.kind !== "list") return undefined;
  const names = namesIn([row]);
  const own = new Map([...names].map((name) => [name, dimName(`${name}?`)]));
  const element = mapDims(row, (dim) => substituteDim(dim, own));
  const holes = [...names].map((name) => `${name}?`);
  const m = createMatching(scope.dims, []);
  const fitted = fit(m, rows, holes.length === 0 ? { kind: "list", element } : { kind: "list", element, elementDims: holes }, "the rows");
  const unsettled = fitted.ok ? settleDeferred(m) : { mismatch: fitted.mismatch, span: fitted.span };
  if (unsettled === undefined && fitted.ok) return fitted.expr;
  if (unsettled !== undefined) scope.cx.diagnostics.push(mismatchDiagnostic(unsettled.mismatch, unsettled.span, { reason: `the rows of \`${stream}\` are so` }));
  return undefined;
}

function checkExpect(scope: Scope, module: ResolvedModule, ast: ExpectStatement): CheckedTest["expects"][number] | undefined {
  const value = fitTo(scope, checkExpr(scope, ast.condition), boolType, { reason: "`expect` takes a truth value" });
  if (hasError(value.type)) return undefined;
  visitExpr(value, (part) => {
    if (part.kind !== "snapshot" || part.type.kind !== "null") return;
    complain(scope.cx, testCodes.testCall, { name: "snapshot" }, { at: part.span, reason: "a snapshot is compared: `expect value == snapshot(\"name\")`" });
  });
  return { value, text: textAt(module.source, ast.condition.span), span: ast.span };
}
