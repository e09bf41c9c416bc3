/** Pipelines: settings, lets in order, writes. */
import { nameCodes } from "../diagnostics/codes/names.ts";
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

export interface KnownPipeline {
  readonly pipeline: CheckedPipeline;
  /** The streams that lets name, aliases too; undefined where rows are not known. */
  readonly named: ReadonlyMap<string, number>;
}

export function checkPipeline(cx: CheckContext, declaration: PipelineDeclaration): KnownPipeline | undefined {
  const module = cx.modules.get(declaration.file);
  if (module === undefined) return undefined;
  const { item } = declaration;
  const dims = createDimScope();
  const locals = new Map<string, Local>();
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
  const named = new Map([...locals].flatMap(([name, local]) => (local.kind === "stream" && local.stream !== undefined ? [[name, local.stream] as const] : [])));
  return { pipeline: { name: declaration.name, doc: item.doc?.text ?? "", settings, streams, writes, dims, span: declaration.span }, named };
}

function checkLet(flow: Flow, locals: Map<string, Local>, statement: LetStatement): void {
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

/** Fills in how large each field can be. */
export function withBytesMax(streams: readonly Stream[], dims: DimFacts, settings: Settings): readonly Stream[] {
  const limits = sizeLimitsOf(settings);
  return streams.map((stream) => ({
    ...stream, bytesMax: Object.fromEntries(stream.row.fields.map((field) => [field.name, bytesMaxOf(field.type, dims, limits)])),
  }));
}
