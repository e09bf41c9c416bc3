/** `write rows to sink(...)`. */
import { settingCodes } from "../diagnostics/codes/settings.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listOf } from "../names/resolve.ts";
import type { Argument, CallExpr, WriteStatement } from "../syntax/ast.ts";
import { callSignature } from "./call.ts";
import type { CallArgument } from "./call.ts";
import type { CheckedWrite, Expr } from "./checked-program.ts";
import { complain, errorExpr } from "./context.ts";
import { complainNoField } from "./expr-names.ts";
import { checkExpr } from "./expr.ts";
import { viewStream } from "./flow.ts";
import type { Flow, StreamView } from "./flow.ts";
import { endpointSignature } from "./operators.ts";
import { hasError } from "./pattern.ts";
import { printType } from "./print-type.ts";
import { checkSettings } from "./settings.ts";
import { checkStream } from "./streams.ts";

/** The checked write, or undefined where stream or sink are not known (reported). */
export function checkWrite(flow: Flow, ast: WriteStatement): CheckedWrite | undefined {
  const { cx } = flow.scope;
  const stream = checkStream(flow, ast.value);
  const settings = ast.settings === undefined ? {} : checkSettings(flow.scope, ast.settings, "write");
  if (ast.settings !== undefined && ast.settings.entries.length === 0) complain(cx, settingCodes.noStage, {}, { at: ast.settings.span, reason: "`write` has no settings" });
  if (ast.to.kind === "missing") return undefined;
  const view = stream === undefined ? undefined : viewStream(flow, stream);
  const args = checkSink(flow, ast.to, view);
  if (view === undefined || args === undefined) return undefined;
  return { stream: view.id, sink: ast.to.callee.name, args, settings, span: ast.span };
}

function checkSink(flow: Flow, call: CallExpr, view: StreamView | undefined): Readonly<Record<string, Expr>> | undefined {
  const { cx } = flow.scope;
  const { name, span } = call.callee;
  if (name === "") return undefined;
  const sink = cx.catalog.sinks.get(name);
  if (sink === undefined) {
    const names = [...cx.catalog.sinks.keys()];
    const near = suggest(name, names);
    complain(cx, streamCodes.unknownSink, { name }, {
      at: span, reason: `the sinks are ${listOf(names)}`,
      ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span, replacement: near }] } }),
    });
    return undefined;
  }
  for (const field of view?.row.fields ?? []) {
    const refused = hasError(field.type) ? undefined : sink.refuseField(field.type);
    if (refused !== undefined) {
      complain(cx, streamCodes.sinkField, { sink: name, field: field.name, type: printType(field.type) }, { at: span, reason: refused, fix: { text: `leave it out with a map before \`write\``, edits: [] } });
    }
  }
  const args = call.args.map((arg) => sinkArgument(flow, arg, view));
  const signature = endpointSignature(cx, "sink", sink);
  if (signature === undefined || args.some((arg) => arg.expr.type.kind === "error")) return undefined;
  const result = callSignature(flow.scope, signature, args, call.span);
  if (!result.ok) {
    cx.diagnostics.push(result.diagnostic);
    return undefined;
  }
  result.commit();
  return result.args;
}

function sinkArgument(flow: Flow, arg: Argument, view: StreamView | undefined): CallArgument {
  const { name, value } = arg;
  if (name?.name === "partition_by" && value.kind === "list") {
    const items = value.elements.map((element) => partitionField(flow, element, view));
    const broken = items.some((item) => hasError(item.type));
    return { name, expr: broken ? errorExpr(value.span) : { kind: "list", items, type: { kind: "list", element: { kind: "string" }, lengthMax: items.length }, span: value.span } };
  }
  const scope = name?.name === "auth" ? { ...flow.scope, secrets: true } : flow.scope;
  return { name, expr: checkExpr(scope, value) };
}

/** `.lang` in `partition_by` names a field; it must be one whose values can name a folder. */
function partitionField(flow: Flow, element: CallExpr["args"][number]["value"], view: StreamView | undefined): Expr {
  const { cx } = flow.scope;
  if (element.kind !== "rowField") {
    complain(cx, streamCodes.partition, {}, { at: element.span, reason: "`partition_by` lists fields of the rows: `[.lang, .year]`" });
    return errorExpr(element.span);
  }
  const { field, span } = element;
  const found = view?.row.fields.find((candidate) => candidate.name === field.name);
  if (view !== undefined && found === undefined && !view.known.open && field.name !== "") complainNoField(flow.scope, field, view.row, "the row", view.known.lost);
  if (found === undefined || hasError(found.type)) return errorExpr(span);
  const { type } = found;
  const isKey = type.kind === "string" || (type.kind === "tensor" && type.shape.length === 0 && !type.dtype.startsWith("f") && type.dtype !== "bf16");
  if (!isKey) {
    complain(cx, streamCodes.partition, {}, { at: span, label: `this is ${printType(type)}`, reason: "folders are named by strings, integers or truth values" });
    return errorExpr(span);
  }
  return { kind: "constant", value: { kind: "string", value: field.name }, type: { kind: "string" }, span };
}
