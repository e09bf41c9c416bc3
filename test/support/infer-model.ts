/** Inference on models written in a test, printed. */
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { inferShapes } from "../../compiler/onnx/infer/infer-shapes.ts";
import type { InferOptions, InferredGraph } from "../../compiler/onnx/infer/infer-shapes.ts";
import { printInferredType, unknownType } from "../../compiler/onnx/infer/inferred-type.ts";
import { isInteger } from "../../compiler/onnx/infer/scalar.ts";
import type { GraphDraft } from "../../compiler/onnx/model-draft.ts";
import type { LocalFunction, ModelGraph } from "../../compiler/onnx/model-graph.ts";
import { printDim } from "../../language/tensor/print-dim.ts";
import { builtModel } from "./onnx-models.ts";

export type Build = (builder: ModelBuilder) => void;

/** A graph for an attribute (a branch, a body). */
export function graphOf(build: Build): { readonly kind: "graph"; readonly value: GraphDraft } {
  const builder = createModelBuilder(18);
  build(builder);
  return { kind: "graph", value: builder.draft().graph };
}

export function modelOf(build: Build, opset = 18): ModelGraph {
  const builder = createModelBuilder(new Map([["", opset], ["com.microsoft", 1], ["local", 1]]));
  build(builder);
  return builtModel(builder);
}

/** A model-local function with the nodes of a graph, whose inputs and outputs are the function's. */
export function functionOf(name: string, build: Build, more: Partial<LocalFunction> = {}): LocalFunction {
  const { graph, opsets } = modelOf(build);
  return {
    name, domain: "local", overload: "", opsets, nodes: graph.nodes, valueInfo: [], bytes: graph.bytes,
    inputs: graph.inputs.map((input) => input.name), outputs: graph.outputs.map((output) => output.name),
    attributes: [], attributeDefaults: new Map(),
    ...more,
  };
}

export interface Printed {
  readonly inferred: InferredGraph;
  readonly type: (name: string) => string;
  /** Elements of a known value, `?` where unknown. */
  readonly value: (name: string) => string;
  readonly messages: readonly string[];
}

export function inferPrinted(model: ModelGraph, options?: InferOptions): Printed {
  const inferred = inferShapes(model, options);
  return {
    inferred,
    type: (name) => printInferredType(inferred.types.get(name) ?? unknownType),
    value: (name) =>
      (inferred.values.get(name)?.elements ?? []).map((element) => (isInteger(element) ? printDim(element) : typeof element === "object" ? "ratio" : String(element ?? "?"))).join(", "),
    messages: inferred.diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`),
  };
}
