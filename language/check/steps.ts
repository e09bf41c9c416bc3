/** The steps of a stream: maps and the row operators. */
import type { RecordType } from "../catalog/value-type.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import type { CallExpr, RecordExpr, Settings as AstSettings } from "../syntax/ast.ts";
import type { RecordEntry, Settings } from "./checked-program.ts";
import { complain } from "./context.ts";
import { checkDedupe, checkFilter, checkLimit, checkSample } from "./row-steps.ts";
import { checkRecordParts } from "./expr-records.ts";
import { checkExplode } from "./explode.ts";
import { settle } from "./expr.ts";
import { addStream, scopeOver, viewStream } from "./flow.ts";
import type { Flow, StreamView } from "./flow.ts";
import { checkImplode } from "./implode.ts";
import { checkStageSettings } from "./stage-settings.ts";
import { visitEntries } from "./visit.ts";

/** Every row operator that is a step. */
export const stepNames: readonly string[] = ["filter", "explode", "implode", "dedupe", "limit", "sample"];

/** Adds the stream that a step makes of stream `input`, and gives its id. */
export function checkStep(flow: Flow, input: number, step: CallExpr | RecordExpr, settings: AstSettings | undefined): number {
  const view = viewStream(flow, input);
  if (step.kind === "recordExpr") return checkMap(flow, view, step, settings);
  const set = (): Settings => (settings === undefined ? {} : checkStageSettings(flow.scope, settings, { models: 0, step: step.callee.name }));
  if (!flow.scope.module.scope.has(step.callee.name)) {
    switch (step.callee.name) {
      case "filter": return checkFilter(flow, view, step, set());
      case "explode": return checkExplode(flow, view, step, set());
      case "implode": return checkImplode(flow, view, step, set());
      case "dedupe": return checkDedupe(flow, view, step, set());
      case "limit": return checkLimit(flow, view, step, set());
      case "sample": return checkSample(flow, view, step, set());
      case "": return input;
    }
  }
  complainNoStep(flow, step);
  return unknownRows(flow, view, step.span);
}

/** A stream of whose rows nothing is known, so that what follows is not blamed. */
export function unknownRows(flow: Flow, view: StreamView, span: StreamSpan): number {
  return addStream(flow, { kind: "map", input: view.id, record: [], row: { kind: "record", fields: [] }, lineage: view.lineage, span }, { open: true });
}

type StreamSpan = CallExpr["span"];

function complainNoStep(flow: Flow, step: CallExpr): void {
  const { cx, module } = flow.scope;
  const { name, span } = step.callee;
  const declared = module.scope.get(name);
  if (declared !== undefined) cx.used.add(declared);
  if (declared?.kind === "broken") return;
  if (name === "table") {
    complain(cx, streamCodes.tableInPipeline, {}, { at: span, reason: "a lookup table is a constant: `const t = read csv(f) as Row |> table(by: .key)`" });
    return;
  }
  if (name === "zip") {
    complain(cx, streamCodes.zipStep, {}, { at: span, reason: "`zip` starts a stream: `zip(a, b)`" });
    return;
  }
  const isValue = declared !== undefined || cx.catalog.operators.has(name);
  if (isValue) {
    const what = declared === undefined ? "an operator" : describeDeclaration(declared.kind);
    complain(cx, streamCodes.valueStep, { name }, {
      at: span, reason: `\`${name}\` is ${what}, which works on the values of one row`,
      fix: { text: `call it inside a map: \`|> { .., result: ${name}(.field) }\``, edits: [] },
    });
    return;
  }
  const near = suggest(name, [...stepNames, ...cx.catalog.operators.keys()]);
  complain(cx, nameCodes.unknownOperator, { name }, {
    at: span, reason: `the steps over a stream are a map \`{ ... }\` and ${stepNames.map((step) => `\`${step}\``).join(", ")}`,
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span, replacement: near }] } }),
  });
}

function checkMap(flow: Flow, view: StreamView, ast: RecordExpr, settings: AstSettings | undefined): number {
  const parts = checkRecordParts(scopeOver(flow, view, "allowed"), ast);
  const entries = parts.entries.map((entry) => (entry.kind === "field" ? { ...entry, value: settle(flow.scope, entry.value) } : entry));
  const types = new Map(entries.flatMap((entry) => (entry.kind === "field" ? [[entry.name, entry.value.type] as const] : [])));
  let models = 0;
  visitEntries(entries, (part) => {
    if (part.kind === "model") models++;
  });
  const checked = settings === undefined ? {} : checkStageSettings(flow.scope, settings, { models: parts.broken && models === 0 ? -1 : models, step: "map" });
  const row: RecordType = { kind: "record", fields: parts.fields.map((field) => ({ ...field, type: types.get(field.name) ?? field.type })) };
  return addStream(flow, { kind: "map", input: view.id, record: entries, row, lineage: view.lineage, settings: checked, span: ast.span }, {
    open: parts.broken || view.known.open && parts.entries.length === 0, origins: originsOf(view, entries), lost: view.known.lost,
  });
}

/** A field that is just a field of the row before, perhaps under another name, keeps its origin. */
function originsOf(view: StreamView, entries: readonly RecordEntry[]): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const origins = new Map<string, ReadonlyMap<number, string>>();
  for (const entry of entries) {
    if (entry.kind !== "field" || entry.value.kind !== "field") continue;
    const origin = view.known.origins.get(entry.value.name);
    if (origin !== undefined) origins.set(entry.name, origin);
  }
  return origins;
}
