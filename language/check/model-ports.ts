/** The ports of a model as declared: the batch axis found and taken out, so that rows are what the program sees. */
import { modelCodes } from "../diagnostics/codes/models.ts";
import type { Declaration } from "../names/resolved-program.ts";
import type { Span } from "../source/span.ts";
import type { FieldDecl } from "../syntax/ast.ts";
import { dimNumber } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { freeNames } from "../tensor/evaluate-dim.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { loneName } from "./dim-scope.ts";
import { printType, showDim } from "./print-type.ts";
import type { Pattern } from "./pattern.ts";
import { without } from "./sets.ts";
import type { Signature } from "./signature.ts";

export interface DeclaredPort {
  readonly name: string;
  readonly port: string;
  readonly dtype: Dtype;
  /** As declared, `N` included. */
  readonly shape: readonly Dim[];
  readonly rowShape: readonly Dim[];
  readonly batchAxis?: number;
  readonly span: Span;
}

/** The ports of one side of a signature, or undefined where a type is no tensor (reported). */
export function readPorts(cx: CheckContext, decls: readonly FieldDecl[], fields: readonly { readonly name: string; readonly type: Pattern; readonly outsideName?: string }[]): readonly DeclaredPort[] | undefined {
  const ports: DeclaredPort[] = [];
  let broken = false;
  for (const field of fields) {
    const decl = decls.find((candidate) => candidate.key.name === field.name);
    const span = decl?.span ?? decls[0]?.span;
    if (span === undefined || field.type.kind === "error") {
      broken = true;
      continue;
    }
    const type = field.type.kind === "string" && field.type.literals === undefined ? stringScalar : field.type;
    if (type.kind !== "tensor" || typeof type.dtype !== "string") {
      complain(cx, modelCodes.portType, { name: field.name }, { at: decl?.type.span ?? span, label: `this is ${printType(field.type)}`, reason: "the ports of a model are tensors" });
      broken = true;
      continue;
    }
    const shape = type.shape.filter((dim): dim is Dim => !("rest" in dim));
    const batch = findBatchAxis(cx, field.name, shape, decl?.type.span ?? span);
    if (batch === "broken") {
      broken = true;
      continue;
    }
    const outside = outsideName(decl) ?? field.outsideName ?? field.name;
    ports.push({ name: field.name, port: outside, dtype: type.dtype, shape, rowShape: shape.filter((_, axis) => axis !== batch), span, ...(batch === undefined ? {} : { batchAxis: batch }) });
  }
  return broken ? undefined : ports;
}

const stringScalar: Pattern = { kind: "tensor", dtype: "string", shape: [] };

function outsideName(decl: FieldDecl | undefined): string | undefined {
  const parts = decl?.from?.parts ?? [];
  return decl?.from === undefined ? undefined : parts.map((part) => (part.kind === "text" ? part.text : "")).join("");
}

/** `N` stands alone, at most once in a tensor. */
function findBatchAxis(cx: CheckContext, name: string, shape: readonly Dim[], span: Span): number | undefined | "broken" {
  const axes = shape.flatMap((dim, axis) => (loneName(dim) === "N" ? [axis] : []));
  const inside = shape.find((dim) => loneName(dim) !== "N" && freeNames(dim).has("N"));
  if (inside !== undefined) {
    complain(cx, modelCodes.batchAxis, { name }, { at: span, reason: `\`N\` is inside \`${showDim(inside)}\`; the batch axis is an axis of its own, since rows are stacked along it` });
    return "broken";
  }
  if (axes.length > 1) {
    complain(cx, modelCodes.batchAxis, { name }, { at: span, reason: "`N` is there twice; rows are stacked along one axis" });
    return "broken";
  }
  return axes[0];
}

/** How a row calls the model: shapes without the batch axis. Reports outputs that rows cannot be cut out of. */
export function rowSignature(
  cx: CheckContext, declaration: Extract<Declaration, { kind: "model" }>, signature: Signature, inputs: readonly DeclaredPort[], outputs: readonly DeclaredPort[],
): Signature {
  const batched = inputs.some((port) => port.batchAxis !== undefined);
  const fixedOne = signature.bounds.some((bound) => bound.op === "==" && loneName(bound.left) === "N" && dimNumber(bound.right) === 1);
  for (const output of outputs) {
    if (batched && output.batchAxis === undefined && !fixedOne) {
      complain(cx, modelCodes.outputWithoutBatch, { output: output.name, model: declaration.name }, {
        at: output.span,
        reason: "without `N` the output is one for the whole batch, which no row can be given; it needs `where N == 1`",
        fix: { text: "add `N` to its shape, or `where N == 1` to the model", edits: [] },
      });
    }
    if (!batched && output.batchAxis !== undefined) {
      complain(cx, modelCodes.batchAxis, { name: output.name }, { at: output.span, reason: "`N` is in no input, so the model is called once per row" });
    }
  }
  const spans = new Map(signature.params.map((param) => [param.name, param.span]));
  return {
    title: signature.title,
    params: inputs.map((port) => ({ name: port.name, type: { kind: "tensor", dtype: port.dtype, shape: port.rowShape }, span: spans.get(port.name) ?? port.span })),
    result: { kind: "record", fields: outputs.map((port) => ({ name: port.name, type: portType(port) })) },
    dimNames: without(signature.dimNames, new Set(["N"])),
    valueDims: new Set(),
    bounds: signature.bounds.filter((bound) => !freeNames(bound.left).has("N") && !freeNames(bound.right).has("N")),
  };
}

/** A scalar of text is a string to the program. */
function portType(port: DeclaredPort): Pattern {
  return port.dtype === "string" && port.rowShape.length === 0 ? { kind: "string" } : { kind: "tensor", dtype: port.dtype, shape: port.rowShape };
}
