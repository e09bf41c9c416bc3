/** Expressions that are streams: `read`, names of lets, `zip`, and runs of steps. */
import { settingCodes } from "../diagnostics/codes/settings.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import type { Span } from "../source/span.ts";
import type { CallExpr, Expr as AstExpr, NameExpr, PipeExpr, Settings as AstSettings } from "../syntax/ast.ts";
import { complain } from "./context.ts";
import type { Flow } from "./flow.ts";
import { addStream, setStream, viewStream } from "./flow.ts";
import { checkRead } from "./reads.ts";
import { checkStageSettings } from "./stage-settings.ts";
import { checkStep } from "./steps.ts";
import { checkZip } from "./zips.ts";

/** The id of the stream an expression gives, or undefined where it gives none (reported). */
export function checkStream(flow: Flow, ast: AstExpr): number | undefined {
  switch (ast.kind) {
    case "missing": return undefined;
    case "name": return streamOfName(flow, ast);
    case "read": return checkRead(flow, ast);
    case "call":
      if (ast.callee.name === "zip" && !flow.scope.module.scope.has("zip")) return checkZip(flow, ast);
      return refuseCall(flow, ast);
    case "pipe": return checkPipe(flow, ast);
    default:
      return refuse(flow, ast.span, "a stream starts with `read`, with the name of another stream, or with `zip(a, b)`");
  }
}

function refuse(flow: Flow, span: Span, reason: string): undefined {
  complain(flow.scope.cx, streamCodes.notAStream, {}, { at: span, reason });
  return undefined;
}

function refuseCall(flow: Flow, ast: CallExpr): undefined {
  if (ast.callee.name === "") return undefined;
  return refuse(flow, ast.span, `\`${ast.callee.name}\` gives a value; a stream starts with \`read\`, with the name of another stream, or with \`zip(a, b)\``);
}

function streamOfName(flow: Flow, ast: NameExpr): number | undefined {
  const { cx, module, locals } = flow.scope;
  const { name, span } = ast;
  if (name === "") return undefined;
  const local = locals.get(name);
  if (local?.kind === "stream") {
    cx.usedLets.add(local);
    return local.stream;
  }
  const found = module.scope.get(name);
  if (found !== undefined) {
    cx.used.add(found);
    if (found.kind === "broken") return undefined;
    complain(cx, streamCodes.notAStream, {}, { at: span, others: [{ span: found.span, text: "declared here" }], reason: `\`${name}\` is ${describeDeclaration(found.kind)}` });
    return undefined;
  }
  const near = suggest(name, locals.keys());
  complain(cx, nameCodes.unknownName, { name }, {
    at: span, reason: "the streams of a pipeline are named by `let`, before they are used",
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span, replacement: near }] } }),
  });
  return undefined;
}

function checkPipe(flow: Flow, ast: PipeExpr): number | undefined {
  let current = checkStream(flow, ast.source);
  if (ast.settings !== undefined) putSettings(flow, current, ast.source, ast.settings);
  for (const { step, settings } of ast.steps) {
    // After a source that failed the steps are still looked at, with rows of which nothing is known.
    current ??= brokenStream(flow, ast.source.span);
    if (step.kind === "missing") return undefined;
    current = checkStep(flow, current, step, settings);
  }
  return current;
}

/** Stands for a stream that could not be checked, so that the steps over it still are. */
export function brokenStream(flow: Flow, span: Span): number {
  return addStream(flow, { kind: "zip", inputs: [], row: { kind: "record", fields: [] }, lineage: { read: -1, explodes: [] }, span }, { open: true });
}

function putSettings(flow: Flow, current: number | undefined, source: AstExpr, settings: AstSettings): void {
  if (source.kind !== "read" && source.kind !== "call") {
    complain(flow.scope.cx, settingCodes.noStage, {}, { at: settings.span, reason: "`with` sets how the stage before it runs, and a name starts no stage", fix: { text: "put it after the step it is meant for", edits: [] } });
    return;
  }
  if (current === undefined) return;
  const view = viewStream(flow, current);
  setStream(flow, view.id, { settings: checkStageSettings(flow.scope, settings, { models: 0, step: source.kind === "read" ? "read" : "zip" }) });
}
