/** Model declarations: signature, settings, agreement with the file; and calls of models in maps. */
import type { ModelSignature } from "../catalog/catalog.ts";
import { modelCodes } from "../diagnostics/codes/models.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Declaration, ResolvedModule } from "../names/resolved-program.ts";
import type { Span } from "../source/span.ts";
import type { ModelItem } from "../syntax/ast.ts";
import { dimNumber } from "../tensor/dim.ts";
import { freeNames } from "../tensor/evaluate-dim.ts";
import { callSignature } from "./call.ts";
import type { CallArgument, CallResult } from "./call.ts";
import type { CheckedModel, CheckedPort, Expr } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { CheckContext, Scope } from "./context.ts";
import { createDimScope } from "./dim-scope.ts";
import { guessSignature } from "./model-guess.ts";
import { agreeWithFile } from "./model-file.ts";
import { checkPad } from "./model-pad.ts";
import { readPorts, rowSignature } from "./model-ports.ts";
import type { DeclaredPort } from "./model-ports.ts";
import { constantOfExpr } from "./named-constant.ts";
import { readSignature } from "./read-signature.ts";
import { constantScope } from "./scope.ts";
import { checkSettings } from "./settings.ts";
import type { Signature } from "./signature.ts";
import { showDim } from "./print-type.ts";

type ModelDeclaration = Extract<Declaration, { kind: "model" }>;
export interface KnownModel {
  readonly model: CheckedModel | undefined;
  readonly signature: Signature | undefined;
}

/** The checked model of a declaration; without a usable signature both parts are undefined (reported). */
export function modelFor(cx: CheckContext, declaration: ModelDeclaration): KnownModel {
  const known = cx.known.get(declaration);
  if (known !== undefined && known !== "busy") return known.kind === "model" ? known : { model: undefined, signature: undefined };
  const module = cx.modules.get(declaration.file);
  const model = module === undefined ? { model: undefined, signature: undefined } : checkModel(cx, declaration, module);
  cx.known.set(declaration, { kind: "model", ...model });
  return model;
}

function checkModel(cx: CheckContext, declaration: ModelDeclaration, module: ResolvedModule): KnownModel {
  const { item, name } = declaration;
  const scope = constantScope(cx, module, createDimScope());
  const settings = checkSettings(scope, item.settings, "model");
  const file = readFile(cx, declaration, settings["file"]);
  const contents = file === undefined ? undefined : readContents(cx, declaration, file.path, file.span);
  const declared = item.signature === undefined
    ? (contents === undefined ? undefined : guessSignature(cx, declaration, contents, file?.span ?? declaration.span))
    : readDeclared(cx, item, module, name);
  if (declared === undefined) return { model: undefined, signature: undefined };
  const { inputs, outputs, signature } = declared;
  const ports = contents === undefined || item.signature === undefined
    ? { inputs, outputs, checkedOutputs: new Set(outputs.map((port) => port.name)) }
    : agreeWithFile(cx, declaration, contents, inputs, outputs, fixedBatchOf(signature));
  const row = rowSignature(cx, declaration, signature, inputs, outputs);
  const pad = checkPad(cx, declaration, item.settings, inputs);
  const activationBytes = contents?.activationBytes?.(new Map(inputs.map((port) => [port.port, port.shape])));
  const model: CheckedModel = {
    symbol: cx.newSymbol(name), name, file: file?.path ?? "", fromFile: declaration.file,
    inputs: ports.inputs.map((port) => checkedPort(port, false)),
    outputs: ports.outputs.map((port) => checkedPort(port, ports.checkedOutputs.has(port.name))),
    batched: inputs.some((port) => port.batchAxis !== undefined),
    bounds: boundsOf(signature), pad, settings, span: declaration.span,
    ...(fixedBatchOf(signature) === undefined ? {} : { fixedBatch: fixedBatchOf(signature) }),
    ...(contents?.weightBytes === undefined ? {} : { weightBytes: contents.weightBytes }),
    ...(activationBytes === undefined ? {} : { activationBytes }),
  };
  return { model, signature: row };
}

interface DeclaredModel {
  readonly signature: Signature;
  readonly inputs: readonly DeclaredPort[];
  readonly outputs: readonly DeclaredPort[];
}

function readDeclared(cx: CheckContext, item: ModelItem, module: ResolvedModule, name: string): DeclaredModel | undefined {
  if (item.signature === undefined) return undefined;
  const signature = readSignature({ cx, module, title: `model \`${name}\``, signature: item.signature, where: item.where, batch: true });
  if (item.signature.result.kind !== "fields") {
    complain(cx, modelCodes.portType, { name }, { at: item.signature.result.span, reason: "a model names its outputs: `-> (logits: tensor<f32>[N, 1000])`" });
    return undefined;
  }
  const inputs = readPorts(cx, item.signature.params, signature.params.map((param) => ({ name: param.name, type: param.type })));
  const result = signature.result.kind === "record" ? signature.result.fields : [];
  const outputs = readPorts(cx, item.signature.result.fields, result);
  return inputs === undefined || outputs === undefined ? undefined : { signature, inputs, outputs };
}

function readFile(cx: CheckContext, declaration: ModelDeclaration, setting: CheckedModel["settings"][string] | undefined): { readonly path: string; readonly span: Span } | undefined {
  if (setting?.kind === "constant" && setting.value.kind === "string") return { path: setting.value.value, span: setting.span };
  const given = declaration.item.settings.entries.some((entry) => entry.key.name === "file");
  if (!given) {
    complain(cx, modelCodes.noFile, { name: declaration.name }, {
      at: declaration.span, reason: "the compiler reads the model's ports and weights from its file", fix: { text: "add `file: \"models/name.onnx\"` to its settings", edits: [] },
    });
  }
  return undefined;
}

function readContents(cx: CheckContext, declaration: ModelDeclaration, path: string, span: Span): ModelSignature | undefined {
  const read = cx.catalog.readModelSignature({ fromFile: declaration.file, file: path });
  if (read.ok) return read.signature;
  const code = read.code === "missing" ? modelCodes.missingFile : modelCodes.unreadableFile;
  const hint = declaration.item.signature === undefined ? "; without it the model's signature is unknown" : "";
  complain(cx, code, { file: path }, { at: span, reason: `${read.reason}${hint}` });
  return undefined;
}

function fixedBatchOf(signature: Signature): number | undefined {
  for (const bound of signature.bounds) {
    if (bound.op === "==" && showDim(bound.left) === "N") return dimNumber(bound.right);
  }
  return undefined;
}

function boundsOf(signature: Signature): CheckedModel["bounds"] {
  const bounds: Record<string, { low: number; high?: number }> = {};
  for (const { left, right, op } of signature.bounds) {
    const high = dimNumber(right);
    const low = dimNumber(left);
    if (high !== undefined && freeNames(left).size === 1) {
      const name = showDim(left);
      bounds[name] = { low: op === "==" ? high : (bounds[name]?.low ?? 0), high };
    }
    if (low !== undefined && freeNames(right).size === 1) bounds[showDim(right)] = { ...bounds[showDim(right)], low };
  }
  return bounds;
}

function checkedPort(port: DeclaredPort, checkedAtRun: boolean): CheckedPort {
  return {
    name: port.name, port: port.port, dtype: port.dtype, rowShape: port.rowShape, checkedAtRun, span: port.span,
    ...(port.batchAxis === undefined ? {} : { batchAxis: port.batchAxis }),
  };
}

/** Types a call: rows' values to ports, constants to inputs without the batch axis. */
export function checkModelCall(scope: Scope, model: CheckedModel, signature: Signature, args: readonly CallArgument[], span: Span): CallResult {
  const result = callSignature(scope, signature, args, span);
  if (!result.ok) return result;
  const values: Record<string, Expr> = { ...result.args };
  for (const input of model.inputs) {
    const value = values[input.name];
    if (value === undefined || !model.batched || input.batchAxis !== undefined) continue;
    const constant = constantOfExpr(scope.cx, value, (fix) => fix());
    if (constant !== undefined) {
      values[input.name] = { kind: "constant", value: constant, type: value.type, span: value.span };
      continue;
    }
    return { ok: false, progress: 99, diagnostic: report(modelCodes.constantInput, { input: input.name, model: model.name }, {
      at: value.span, others: [{ span: input.span, text: "declared without `N` here" }],
      reason: "one value serves all rows of a batch, so it must be known while compiling",
    }) };
  }
  return { ...result, args: values };
}
