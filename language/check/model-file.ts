/**
 * Agreement between a model's declaration and its file: ports by their outside name, dtype, rank and literal
 * dimensions. A symbolic dimension of the file takes any declaration; outputs are then checked on every batch, unless
 * shape inference proves them.
 */
import type { ModelPort, ModelSignature } from "../catalog/catalog.ts";
import { modelCodes } from "../diagnostics/codes/models.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listOf } from "../names/resolve.ts";
import type { Declaration } from "../names/resolved-program.ts";
import { dimNumber, dimOf } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import { printShape } from "../tensor/print-dim.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { createDimScope, loneName, provedDifferent, provedEqual } from "./dim-scope.ts";
import type { DeclaredPort } from "./model-ports.ts";
import { showDim } from "./print-type.ts";

export interface AgreedPorts {
  readonly inputs: readonly DeclaredPort[];
  readonly outputs: readonly DeclaredPort[];
  /** Names of outputs whose shape is not proved. */
  readonly checkedOutputs: ReadonlySet<string>;
}

export function agreeWithFile(
  cx: CheckContext, declaration: Extract<Declaration, { kind: "model" }>, contents: ModelSignature,
  inputs: readonly DeclaredPort[], outputs: readonly DeclaredPort[], fixedBatch: number | undefined,
): AgreedPorts {
  const files = `the file of model \`${declaration.name}\``;
  for (const port of inputs) agreePort(cx, port, contents.inputs, "input", files, fixedBatch);
  for (const port of outputs) agreePort(cx, port, contents.outputs, "output", files, fixedBatch);
  const listed = new Set(inputs.map((port) => port.port));
  const missing = contents.inputs.filter((port) => !listed.has(port.name));
  if (missing.length > 0) {
    complain(cx, modelCodes.inputNotListed, { model: declaration.name, names: missing.map((port) => `\`${port.name}\``).join(", ") }, {
      at: declaration.span,
      reason: `${files} takes ${contents.inputs.map(printPort).join(", ")}, and every input needs a value`,
      fix: { text: `add ${missing.map((port) => `\`${declarationOfPort(port)}\``).join(", ")}`, edits: [] },
    });
  }
  return { inputs, outputs, checkedOutputs: proveOutputs(cx, contents, inputs, outputs, fixedBatch) };
}

function agreePort(cx: CheckContext, port: DeclaredPort, candidates: readonly ModelPort[], side: "input" | "output", files: string, fixedBatch: number | undefined): void {
  const found = candidates.find((candidate) => candidate.name === port.port);
  if (found === undefined) {
    const near = suggest(port.port, candidates.map((candidate) => candidate.name)) ?? (candidates.length === 1 ? candidates[0]?.name : undefined);
    complain(cx, modelCodes.unknownPort, { side, name: port.port }, {
      at: port.span,
      reason: `${files} has ${side}s ${listOf(candidates.map((candidate) => candidate.name))}`,
      ...(near === undefined ? {} : { fix: { text: `write \`from "${near}"\` after its type`, edits: [] } }),
    });
    return;
  }
  if (found.kind !== "tensor") {
    complain(cx, modelCodes.portKind, { side, name: port.port, kind: found.kind }, { at: port.span, reason: "rows carry tensors only; export the model without sequence, map and optional ports" });
    return;
  }
  if (found.dtype !== undefined && found.dtype !== port.dtype) {
    complain(cx, modelCodes.dtype, { name: port.name, declared: port.dtype, found: found.dtype }, {
      at: port.span, reason: `${files} says ${printPort(found)}`, fix: { text: `write \`tensor<${found.dtype}>\``, edits: [] },
    });
  }
  if (found.shape === undefined) return;
  if (found.shape.length !== port.shape.length) {
    complain(cx, modelCodes.rank, { name: port.name, declared: String(port.shape.length), found: String(found.shape.length) }, { at: port.span, reason: `${files} says ${printPort(found)}` });
    return;
  }
  found.shape.forEach((size, axis) => agreeDim(cx, port, size, axis, found, files, fixedBatch));
}

function agreeDim(cx: CheckContext, port: DeclaredPort, size: number | string | undefined, axis: number, found: ModelPort, files: string, fixedBatch: number | undefined): void {
  const declared = port.shape[axis];
  if (typeof size !== "number" || declared === undefined) return;
  const reason = `${files} says ${printPort(found)}`;
  if (axis === port.batchAxis) {
    if (fixedBatch === size) return;
    complain(cx, modelCodes.fixedBatch, { name: port.name, size: String(size) }, { at: port.span, reason, fix: { text: `write \`where N == ${size}\``, edits: [] } });
    return;
  }
  if (dimNumber(declared) === size) return;
  complain(cx, modelCodes.dimension, { name: port.name, axis, declared: showDim(declared), found: String(size) }, { at: port.span, reason, fix: { text: `write \`${size}\` there`, edits: [] } });
}

/** Outputs whose declared shape inference does not prove; a shape it disproves is reported. */
function proveOutputs(cx: CheckContext, contents: ModelSignature, inputs: readonly DeclaredPort[], outputs: readonly DeclaredPort[], fixedBatch: number | undefined): ReadonlySet<string> {
  const given = new Map(inputs.map((port) => [port.port, port.shape.map((dim) => fixBatch(dim, fixedBatch))]));
  const inferred = contents.inferOutputs?.(given);
  const scope = createDimScope();
  const unproved = new Set<string>();
  for (const output of outputs) {
    const file = contents.outputs.find((port) => port.name === output.port);
    const shape = inferred?.get(output.port) ?? literalShape(file);
    if (shape === undefined || shape.length !== output.shape.length) {
      unproved.add(output.name);
      continue;
    }
    shape.forEach((dim, axis) => {
      const declared = output.shape[axis];
      if (dim === undefined || declared === undefined) {
        unproved.add(output.name);
        return;
      }
      const fixed = fixBatch(declared, fixedBatch);
      if (provedEqual(scope, dim, fixed)) return;
      unproved.add(output.name);
      if (!provedDifferent(scope, dim, fixed) || (file?.shape !== undefined && typeof file.shape[axis] === "number")) return;
      complain(cx, modelCodes.inferredOutput, { name: output.name, axis, declared: showDim(declared), found: showDim(dim) }, {
        at: output.span, reason: `shape inference on the file gives ${printShape(shape.map((one) => one ?? dimOf(0)))} for the declared inputs`,
        fix: { text: `write \`${showDim(dim)}\` there`, edits: [] },
      });
    });
  }
  return unproved;
}

function fixBatch(dim: Dim, fixedBatch: number | undefined): Dim {
  return fixedBatch !== undefined && loneName(dim) === "N" ? dimOf(fixedBatch) : dim;
}

/** What the file itself says of an output: only its numbers. */
function literalShape(port: ModelPort | undefined): readonly (Dim | undefined)[] | undefined {
  return port?.shape?.map((size) => (typeof size === "number" ? dimOf(size) : undefined));
}

/** `input_ids: tensor<i64>[batch, 128]`. */
export function printPort(port: ModelPort): string {
  if (port.kind !== "tensor") return `\`${port.name}\` (${port.kind})`;
  const shape = port.shape?.map((size) => (size === undefined ? "?" : String(size))).join(", ") ?? "...";
  return `\`${port.name}: tensor<${port.dtype ?? "?"}>[${shape}]\``;
}

/** A port of a file as one would declare it, the batch axis guessed as the first symbolic one. */
export function declarationOfPort(port: ModelPort, batchSymbol?: string): string {
  const name = identifierOf(port.name);
  const shape = (port.shape ?? []).map((size, axis) => (typeof size === "number" ? String(size) : axis === 0 || size === batchSymbol ? "N" : dimNameOf(size)));
  return `${name}: tensor<${port.dtype ?? "f32"}>[${shape.join(", ")}]${name === port.name ? "" : ` from "${port.name}"`}`;
}

/** A port's name as an identifier of the language. */
export function identifierOf(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]+/g, "_").replace(/^_+|_+$/g, "");
  return /^[A-Za-z_]/.test(plain) ? plain : `port_${plain}`;
}

/** A file's symbol as the name of a dimension. */
export function dimNameOf(symbol: string | undefined): string {
  const plain = identifierOf(symbol ?? "D");
  return plain === "N" ? "N_file" : plain;
}
