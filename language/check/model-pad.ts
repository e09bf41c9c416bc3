/** `pad: { T: { multiple: 64, input_ids: 0 } }`: how rows of different lengths share a batch. */
import { modelCodes } from "../diagnostics/codes/models.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Declaration } from "../names/resolved-program.ts";
import type { RecordEntry, Settings } from "../syntax/ast.ts";
import { isFloatDtype } from "../tensor/dtype.ts";
import { freeNames } from "../tensor/evaluate-dim.ts";
import type { CheckedModel } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { createDimScope, loneName } from "./dim-scope.ts";
import { checkExpr } from "./expr.ts";
import type { DeclaredPort } from "./model-ports.ts";
import { constantOfExpr } from "./named-constant.ts";
import { hasError } from "./pattern.ts";
import { constantScope } from "./scope.ts";

type Pad = CheckedModel["pad"];
type ModelDeclaration = Extract<Declaration, { kind: "model" }>;
type KeyEntry = Extract<RecordEntry, { kind: "entry" }>;

export function checkPad(cx: CheckContext, declaration: ModelDeclaration, settings: Settings, inputs: readonly DeclaredPort[]): Pad {
  const setting = settings.entries.find((entry) => entry.key.name === "pad");
  if (setting === undefined || setting.value.kind !== "recordExpr") return {};
  const pad: Record<string, Pad[string]> = {};
  for (const entry of setting.value.entries) {
    if (entry.kind !== "entry") continue;
    const one = checkPadOf(cx, declaration, entry, inputs);
    if (one !== undefined) pad[entry.key.name] = one;
  }
  return pad;
}

function checkPadOf(cx: CheckContext, declaration: ModelDeclaration, entry: KeyEntry, inputs: readonly DeclaredPort[]): Pad[string] | undefined {
  const dim = entry.key.name;
  const named = new Set(inputs.flatMap((port) => port.rowShape.flatMap((one) => [...freeNames(one)])));
  if (!named.has(dim)) {
    const near = suggest(dim, named);
    complain(cx, modelCodes.padDimension, { dim, model: declaration.name }, {
      at: entry.key.span,
      reason: dim === "N" ? "`N` is the batch axis: the last batch runs short instead" : named.size === 0 ? "its inputs have fixed shapes" : `the dimensions of its inputs are ${[...named].map((name) => `\`${name}\``).join(", ")}`,
      ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: entry.key.span, replacement: near }] } }),
    });
    return undefined;
  }
  const inside = inputs.find((port) => port.rowShape.some((one) => loneName(one) !== dim && freeNames(one).has(dim)));
  if (inside !== undefined) {
    complain(cx, modelCodes.padDimension, { dim, model: declaration.name }, { at: entry.key.span, others: [{ span: inside.span, text: "part of an expression here" }], reason: "only a dimension that stands alone can be padded" });
    return undefined;
  }
  if (entry.value.kind !== "recordExpr") {
    complain(cx, modelCodes.padFill, { dim, names: "a `multiple` and a fill for each input" }, { at: entry.value.span, reason: "write `{ multiple: 32, input: 0 }`" });
    return undefined;
  }
  return readFills(cx, declaration, entry, entry.value.entries, inputs);
}

function readFills(cx: CheckContext, declaration: ModelDeclaration, pad: KeyEntry, entries: readonly RecordEntry[], inputs: readonly DeclaredPort[]): Pad[string] | undefined {
  const dim = pad.key.name;
  const having = inputs.filter((port) => port.rowShape.some((one) => loneName(one) === dim));
  const fill: Record<string, number> = {};
  let multiple = 1;
  for (const entry of entries) {
    if (entry.kind !== "entry" || entry.key.name === "") continue;
    const value = readNumber(cx, declaration, entry);
    if (value === undefined) continue;
    if (entry.key.name === "multiple") {
      if (Number.isInteger(value) && value >= 1) multiple = value;
      else complain(cx, modelCodes.padFill, { dim, names: "a `multiple` that is an integer >= 1" }, { at: entry.value.span });
      continue;
    }
    const port = having.find((candidate) => candidate.name === entry.key.name);
    if (port === undefined) {
      const near = suggest(entry.key.name, having.map((candidate) => candidate.name));
      complain(cx, modelCodes.padInput, { name: entry.key.name, dim }, {
        at: entry.key.span, reason: `the inputs that have \`${dim}\` are ${having.map((candidate) => `\`${candidate.name}\``).join(", ")}`,
        ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: entry.key.span, replacement: near }] } }),
      });
    } else if (!isFloatDtype(port.dtype) && !Number.isInteger(value)) {
      complain(cx, modelCodes.padFill, { dim, names: `an integer for \`${port.name}\`, which is ${port.dtype}` }, { at: entry.value.span });
    } else fill[port.name] = value;
  }
  const given = new Set(entries.flatMap((entry) => (entry.kind === "entry" ? [entry.key.name] : [])));
  const missing = having.filter((port) => !given.has(port.name));
  if (missing.length > 0) {
    complain(cx, modelCodes.padFill, { dim, names: `a fill for ${missing.map((port) => `\`${port.name}\``).join(", ")}` }, {
      at: pad.span, others: missing.slice(0, 1).map((port) => ({ span: port.span, text: `\`${port.name}\` has \`${dim}\`` })),
      reason: "every input that has the dimension is filled up with something",
    });
  }
  return { multiple, fill };
}

function readNumber(cx: CheckContext, declaration: ModelDeclaration, entry: KeyEntry): number | undefined {
  const module = cx.modules.get(declaration.file);
  if (module === undefined) return undefined;
  const expr = checkExpr(constantScope(cx, module, createDimScope()), entry.value);
  const value = constantOfExpr(cx, expr, (fix) => fix());
  if (value?.kind === "int" || value?.kind === "float") return Number(value.value);
  if (!hasError(expr.type)) complain(cx, modelCodes.padFill, { dim: entry.key.name, names: "a number known while compiling" }, { at: entry.value.span });
  return undefined;
}
