/** Pipelines: settings, lets in order, writes. */
import { nameCodes } from "../diagnostics/codes/names.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import type { Declaration } from "../names/resolved-program.ts";
import type { LetStatement } from "../syntax/ast.ts";
import { bytesMaxOf, sizeLimitsOf } from "./bytes-max.ts";
import type { DimFacts, CheckedPipeline, CheckedWrite, Settings, Stream } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { CheckContext, Local } from "./context.ts";
import { createDimScope } from "./dim-scope.ts";
import { setStream } from "./flow.ts";
import type { Flow } from "./flow.ts";
import { constantScope } from "./scope.ts";
import { checkSettings } from "./settings.ts";
import { brokenStream, checkStream } from "./streams.ts";
import { checkWrite } from "./writes.ts";

type PipelineDeclaration = Extract<Declaration, { kind: "pipeline" }>;

export type Let = Extract<Local, { kind: "stream" }>;

export interface KnownPipeline {
  readonly pipeline: CheckedPipeline;
  /** The streams that lets name, aliases too. */
  readonly lets: ReadonlyMap<string, Let>;
  /** The streams some of whose fields a mistake left unknown. */
  readonly open: ReadonlySet<number>;
}

export function checkPipeline(cx: CheckContext, declaration: PipelineDeclaration): KnownPipeline | undefined {
  const module = cx.modules.get(declaration.file);
  if (module === undefined) return undefined;
  const { item } = declaration;
  const dims = createDimScope();
  const locals = new Map<string, Let>();
  const scope = { ...constantScope(cx, module, dims), locals };
  const settings = item.settings === undefined ? {} : checkSettings(scope, item.settings, "pipeline");
  const flow: Flow = { scope, streams: [], known: [] };
  const writes: CheckedWrite[] = [];
  for (const statement of item.statements) {
    if (statement.kind === "let") checkLet(flow, locals, statement);
    else {
      const write = checkWrite(flow, statement);
      if (write !== undefined) writes.push(write);
    }
  }
  const streams = withBytesMax(flow.streams, dims, settings);
  return { pipeline: { name: declaration.name, doc: item.doc?.text ?? "", settings, streams, writes, dims, span: declaration.span }, lets: locals, open: new Set(flow.known.flatMap(({ open }, stream) => (open ? [stream] : []))) };
}

function checkLet(flow: Flow, locals: Map<string, Let>, statement: LetStatement): void {
  const { name, span } = statement.name;
  const before = flow.streams.length;
  const stream = checkStream(flow, statement.value) ?? brokenStream(flow, span);
  if (name === "") return;
  const earlier = locals.get(name);
  if (earlier !== undefined) {
    complain(flow.scope.cx, nameCodes.duplicateName, { name }, { at: span, others: [{ span: earlier.span, text: "first declared here" }] });
    return;
  }
  const hidden = flow.scope.module.scope.get(name);
  if (hidden !== undefined && (hidden.kind === "param" || hidden.kind === "const" || hidden.kind === "value")) {
    complain(flow.scope.cx, nameCodes.hides, { name, what: describeDeclaration(hidden.kind) }, { at: span, others: [{ span: hidden.span, text: "this one cannot be reached here" }] });
  }
  locals.set(name, { kind: "stream", stream, span });
  // A let of a let's name alone is another name for the same stream.
  if (stream >= before) setStream(flow, stream, { name });
}

/** Warns of what is made and then left; a stream that a test looks at is not. */
export function warnUnusedStreams(cx: CheckContext, { pipeline, lets }: KnownPipeline): void {
  if (pipeline.writes.length === 0 && ![...lets.values()].some((found) => cx.testedLets.has(found))) {
    complain(cx, streamCodes.writesNothing, { name: pipeline.name }, { at: pipeline.span, reason: "it has no `write`, and no test looks at its streams", fix: { text: "add `write stream to sink(...)`", edits: [] } });
    return;
  }
  for (const [name, found] of lets) {
    if (cx.usedLets.has(found) || cx.testedLets.has(found) || name.startsWith("_")) continue;
    complain(cx, streamCodes.unusedStream, { name }, { at: found.span, reason: "nothing reads this stream: no step, no `write`, no test", fix: { text: "leave it out, or write it", edits: [] } });
  }
}

/** Fills in how large each field can be. */
export function withBytesMax(streams: readonly Stream[], dims: DimFacts, settings: Settings): readonly Stream[] {
  const limits = sizeLimitsOf(settings);
  return streams.map((stream) => ({
    ...stream, bytesMax: Object.fromEntries(stream.row.fields.map((field) => [field.name, bytesMaxOf(field.type, dims, limits)])),
  }));
}
