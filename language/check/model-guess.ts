/** A model without a signature: its file's ports, with `N` for the symbol that axis 0 of all inputs shares. */
import type { ModelPort, ModelSignature } from "../catalog/catalog.ts";
import { modelCodes } from "../diagnostics/codes/models.ts";
import type { Declaration } from "../names/resolved-program.ts";
import type { Span } from "../source/span.ts";
import { dimName, dimOf } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import { freeNames } from "../tensor/evaluate-dim.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { declarationOfPort, dimNameOf, identifierOf, printPort } from "./model-file.ts";
import type { DeclaredPort } from "./model-ports.ts";
import type { Signature } from "./signature.ts";

export interface GuessedModel {
  readonly signature: Signature;
  readonly inputs: readonly DeclaredPort[];
  readonly outputs: readonly DeclaredPort[];
}

/** The signature the file itself states, or undefined where it does not say enough (reported with what to write). */
export function guessSignature(cx: CheckContext, declaration: Extract<Declaration, { kind: "model" }>, contents: ModelSignature, span: Span): GuessedModel | undefined {
  const odd = [...contents.inputs, ...contents.outputs].find((port) => port.kind !== "tensor" || port.dtype === undefined);
  if (odd !== undefined) {
    complain(cx, modelCodes.portKind, { side: contents.inputs.includes(odd) ? "input" : "output", name: odd.name, kind: odd.kind }, {
      at: span, reason: "rows carry tensors only; export the model without sequence, map and optional ports",
    });
    return undefined;
  }
  const batch = sharedBatchSymbol(contents.inputs);
  const unknown = [...contents.inputs, ...contents.outputs].find((port) => port.shape === undefined);
  if (batch === undefined || unknown !== undefined) {
    const inputs = contents.inputs.map((port) => declarationOfPort(port)).join(", ");
    const outputs = contents.outputs.map((port) => declarationOfPort(port)).join(", ");
    complain(cx, modelCodes.noGuess, { name: declaration.name }, {
      at: declaration.span,
      reason: unknown === undefined
        ? `axis 0 of the inputs (${contents.inputs.map(printPort).join(", ")}) does not carry one symbol that could be the batch axis`
        : `the file does not say the rank of \`${unknown.name}\``,
      fix: { text: `write the signature: \`model ${declaration.name}(${inputs}) -> (${outputs})\``, edits: [] },
    });
    return undefined;
  }
  let nameless = 0;
  const dimOfSize = (size: number | string | undefined): Dim => {
    if (typeof size === "number") return dimOf(size);
    if (size === batch) return dimName("N");
    return dimName(size === undefined ? `D${++nameless}` : dimNameOf(size));
  };
  const portOf = (port: ModelPort): DeclaredPort => {
    const shape = (port.shape ?? []).map(dimOfSize);
    const batchAxis = (port.shape ?? []).indexOf(batch);
    return {
      name: identifierOf(port.name), port: port.name, dtype: port.dtype ?? "f32", shape, rowShape: shape.filter((_, axis) => axis !== batchAxis), span: declaration.span,
      ...(batchAxis < 0 ? {} : { batchAxis }),
    };
  };
  const inputs = contents.inputs.map(portOf);
  const outputs = contents.outputs.map(portOf);
  const dimNames = new Set([...inputs, ...outputs].flatMap((port) => port.shape.flatMap((dim) => [...freeNames(dim)])));
  const signature: Signature = {
    title: `model \`${declaration.name}\``, dimNames, valueDims: new Set(), bounds: [],
    params: inputs.map((port) => ({ name: port.name, type: { kind: "tensor", dtype: port.dtype, shape: port.shape } })),
    result: { kind: "record", fields: outputs.map((port) => ({ name: port.name, type: { kind: "tensor", dtype: port.dtype, shape: port.shape } })) },
  };
  return { signature, inputs, outputs };
}

function sharedBatchSymbol(inputs: readonly ModelPort[]): string | undefined {
  const [first] = inputs;
  const symbol = first?.shape?.[0];
  if (typeof symbol !== "string") return undefined;
  return inputs.every((port) => port.shape?.[0] === symbol && port.shape.filter((size) => size === symbol).length === 1) ? symbol : undefined;
}
