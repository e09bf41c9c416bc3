/**
 * What follows for a model from the input shapes that a `.pipe` file declares: the shapes of its outputs and the memory
 * of a call. What the file itself says of its outputs is not taken over: its dimension names are not the program's.
 */
import type { Dim } from "../../language/tensor/dim.ts";
import { freeNames } from "../../language/tensor/evaluate-dim.ts";
import { computeCost } from "../onnx/cost/model-cost.ts";
import { inferShapes } from "../onnx/infer/infer-shapes.ts";
import type { InferredGraph } from "../onnx/infer/infer-shapes.ts";
import type { ModelGraph } from "../onnx/model-graph.ts";
import { readSignature } from "../onnx/read-signature.ts";

export type InputShapes = ReadonlyMap<string, readonly Dim[]>;

export interface ModelUnderInputs {
  /** By name; outputs of unknown rank are left out, dimensions that only data decides are fresh names. */
  readonly outputs: ReadonlyMap<string, readonly Dim[]>;
  /** Most bytes that one call holds beside inputs and weights, in the names of the input shapes; undefined where data decides. */
  readonly activationBytes: Dim | undefined;
}

/** Infers and costs a model under the shapes of its inputs, by port. Reads small constants of the file. */
export function modelUnderInputs(model: ModelGraph, inputs: InputShapes): ModelUnderInputs {
  const inferred = inferShapes(model, { inputShapes: inputs, declarations: "ignore" });
  return { outputs: outputsOf(model, inferred), activationBytes: activationBytesOf(model, inferred, inputs) };
}

function outputsOf(model: ModelGraph, { types }: InferredGraph): ModelUnderInputs["outputs"] {
  return new Map(readSignature(model).outputs.flatMap(({ name }) => {
    const type = types.get(name);
    return type?.kind === "tensor" && type.shape ? [[name, type.shape] as const] : [];
  }));
}

/** Values whose type is not known would count as nothing: then there is no bound to give. */
function activationBytesOf(model: ModelGraph, inferred: InferredGraph, inputs: InputShapes): Dim | undefined {
  const isKnown = (name: string): boolean => name === "" || inferred.types.get(name)?.kind === "tensor";
  if (!model.graph.nodes.every((node) => node.outputs.every(isKnown))) return undefined;
  const peak = computeCost(model, inferred).totals.peakActivationBytes;
  const given = new Set([...inputs.values()].flat().flatMap((dim) => [...freeNames(dim)]));
  return [...freeNames(peak)].every((name) => given.has(name)) ? peak : undefined;
}
