/** Compares inferred types with recorded values. Fresh dimensions are excepted, but one name must have one value. */
import { dimOf } from "../../language/tensor/dim.ts";
import type { Dim } from "../../language/tensor/dim.ts";
import { evaluateDim, freeNames, solveDim } from "../../language/tensor/evaluate-dim.ts";
import { printDim } from "../../language/tensor/print-dim.ts";
import type { InferredGraph } from "../../compiler/onnx/infer/infer-shapes.ts";
import { printInferredType } from "../../compiler/onnx/infer/inferred-type.ts";
import type { InferredType } from "../../compiler/onnx/infer/inferred-type.ts";

/** A value that was found, by its type. */
export type Found =
  | { readonly kind: "tensor"; readonly dtype: string; readonly dims: readonly number[] }
  | { readonly kind: "sequence"; readonly items: readonly Found[] }
  | { readonly kind: "optional"; readonly value: Found | undefined }
  | { readonly kind: "other" };

export interface Comparison {
  /** Values of names found so far; shared by all outputs of a run. */
  readonly bindings: Map<string, number>;
  readonly freshDims: InferredGraph["freshDims"];
  /** Fresh names that stood for a dimension. */
  readonly excepted: Set<string>;
}

/** Why the recorded value is not of the inferred type, or undefined. */
export function mismatch(inferred: InferredType, recorded: Found, comparison: Comparison): string | undefined {
  switch (recorded.kind) {
    case "tensor":
      return tensorMismatch(inferred, recorded, comparison);
    case "sequence":
      return sequenceMismatch(inferred, recorded.items, comparison);
    case "optional": {
      if (inferred.kind !== "optional") return recorded.value ? mismatch(inferred, recorded.value, comparison) : `${inferred.kind} instead of an optional`;
      if (inferred.present !== undefined && inferred.present !== (recorded.value !== undefined)) return `present: ${inferred.present}`;
      return recorded.value && mismatch(inferred.element, recorded.value, comparison);
    }
    case "other":
      return "a value that is not compared";
  }
}

function sequenceMismatch(inferred: InferredType, items: readonly Found[], comparison: Comparison): string | undefined {
  if (inferred.kind !== "sequence") return `${inferred.kind} instead of a sequence`;
  if (inferred.items && inferred.items.length !== items.length) return `${inferred.items.length} elements instead of ${items.length}`;
  for (const [i, item] of items.entries()) {
    // Names in the common element type differ from element to element.
    const found = mismatch(inferred.items?.[i] ?? inferred.element, item, inferred.items ? comparison : { ...comparison, bindings: new Map(comparison.bindings) });
    if (found) return `element ${i}: ${found}`;
  }
  return undefined;
}

function tensorMismatch(inferred: InferredType, recorded: Extract<Found, { kind: "tensor" }>, comparison: Comparison): string | undefined {
  if (inferred.kind !== "tensor") return `${inferred.kind} instead of a tensor`;
  const wanted = `${recorded.dtype}[${recorded.dims.join(", ")}]`;
  const found = `${printInferredType(inferred)} instead of ${wanted}`;
  if (inferred.dtype !== recorded.dtype || !inferred.shape || inferred.shape.length !== recorded.dims.length) return found;
  const wrong = inferred.shape.findIndex((dim, axis) => !dimAgrees(dim, recorded.dims[axis], comparison));
  return wrong < 0 ? undefined : `${found} (axis ${wrong}: ${printDim(inferred.shape[wrong])})`;
}

/** Evaluates the dimension, binding the one name that has no value yet if it occurs linearly. */
function dimAgrees(dim: Dim, value: number, { bindings, freshDims, excepted }: Comparison): boolean {
  const names = [...freeNames(dim)];
  for (const name of names) if (freshDims.has(name)) excepted.add(name);
  const unbound = names.filter((name) => !bindings.has(name));
  if (unbound.length === 0) return evaluateDim(dim, bindings) === value;
  if (unbound.some((name) => !freshDims.has(name))) return false;
  if (unbound.length > 1 || names.length > 1) return true;
  const solution = solveDim(dim, unbound[0], dimOf(value));
  if (solution.kind === "inexact") return false;
  if (solution.kind === "solved") bindings.set(unbound[0], evaluateDim(solution.value, bindings) ?? value);
  return true;
}
