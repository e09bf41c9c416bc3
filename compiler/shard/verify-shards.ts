/**
 * Holds a `ShardSet` to its invariants, from the models as they would be written: each is laid out, read back and its
 * shapes are inferred again from what it receives. Throws at the first breach: it would be a fault of ours.
 */
import { equalDims, type Dim } from "../../language/tensor/dim.ts";
import { freeNames } from "../../language/tensor/evaluate-dim.ts";
import type { ModelFiles } from "../onnx/byte-source.ts";
import { inferShapes, type InferredGraph } from "../onnx/infer/infer-shapes.ts";
import { printInferredType, type InferredType, type Shape } from "../onnx/infer/inferred-type.ts";
import type { KnownValue } from "../onnx/infer/known-value.ts";
import type { ModelGraph, TensorRef } from "../onnx/model-graph.ts";
import { readModel } from "../onnx/read-model.ts";
import { readSignature } from "../onnx/read-signature.ts";
import { ropeSource } from "../onnx/rope-source.ts";
import { capturesOf } from "../onnx/walk.ts";
import type { ShardSet, ShardStage } from "./shard-set.ts";
import { writeStage } from "./write-stage.ts";

/** Checks every stage and how they fit together; `whole` are the types of the model that was cut. */
export function verifyShards(set: ShardSet, whole: InferredGraph): void {
  verifyFlow(set);
  for (const stage of set.stages) {
    const model = readBack(stage);
    verifyPorts(stage, model);
    verifyWeights(set, stage, model);
    verifyTypes(stage, model, whole);
  }
}

/** A value is made before it is used, and forwarded all the way between. */
export function verifyFlow(set: ShardSet): void {
  let arriving: ReadonlySet<string> = new Set(set.inputs);
  for (const stage of set.stages) {
    const received = new Set(stage.receives);
    const lost = stage.receives.find((name) => !arriving.has(name)) ?? stage.inputs.find(({ name }) => !received.has(name))?.name;
    if (lost !== undefined) fail(stage, `${JSON.stringify(lost)} does not arrive`);
    const unknown = stage.sends.find((name) => !received.has(name) && !stage.outputs.includes(name));
    if (unknown !== undefined) fail(stage, `${JSON.stringify(unknown)} is sent but neither received nor made`);
    arriving = new Set(stage.sends);
  }
  const missing = set.outputs.find((name) => !arriving.has(name));
  if (missing !== undefined) throw new Error(`verifyShards: output ${JSON.stringify(missing)} does not come out of the last stage`);
}

function fail(stage: ShardStage, what: string): never {
  throw new Error(`verifyShards: stage ${stage.index + 1}: ${what}`);
}

function readBack(stage: ShardStage): ModelGraph {
  const { model, external } = writeStage(stage);
  const files: ModelFiles = { name: `stage ${stage.index + 1}`, main: ropeSource(model), openExternal: () => ropeSource(external) };
  const read = readModel(files);
  const error = read.diagnostics.find((diagnostic) => diagnostic.severity === "error");
  if (!read.model || error) fail(stage, error?.message ?? "it cannot be read back");
  return read.model;
}

function verifyPorts(stage: ShardStage, model: ModelGraph): void {
  const { inputs, outputs } = readSignature(model);
  if (!sameList(inputs.map((port) => port.name), stage.inputs.map((input) => input.name))) fail(stage, "its inputs are not those of the manifest");
  if (!sameList(outputs.map((port) => port.name), stage.outputs)) fail(stage, "its outputs are not those of the manifest");
  if (model.graph.valueInfo.length > 0) fail(stage, "it records types of intermediate values");
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}

/** Every initializer is used, is of the size it has in the whole, and is no port. */
export function verifyWeights(set: ShardSet, stage: ShardStage, model: ModelGraph): void {
  const used = new Set([...model.graph.nodes.flatMap((node) => [...node.inputs, ...capturesOf(node)]), ...stage.outputs]);
  const sizes = new Map(weightsOf(set.model).map((tensor) => [tensor.name, describeTensor(tensor)]));
  const held = weightsOf(model);
  for (const tensor of held) {
    if (!used.has(tensor.name)) fail(stage, `initializer ${JSON.stringify(tensor.name)} is not used`);
    if (sizes.get(tensor.name) !== describeTensor(tensor)) fail(stage, `initializer ${JSON.stringify(tensor.name)} differs from the whole model's`);
  }
  const names = new Set(held.map((tensor) => tensor.name));
  const missing = [...used].find((name) => sizes.has(name) && !names.has(name));
  if (missing !== undefined) fail(stage, `initializer ${JSON.stringify(missing)} is missing`);
  const crossing = [...stage.receives, ...stage.sends].find((name) => sizes.has(name) && !set.outputs.includes(name));
  if (crossing !== undefined) fail(stage, `weight ${JSON.stringify(crossing)} crosses a cut`);
}

function weightsOf({ graph }: ModelGraph): readonly TensorRef[] {
  return [...graph.initializers, ...graph.sparseInitializers.map((sparse) => ({ ...sparse.values, dims: sparse.dims }))];
}

function describeTensor(tensor: TensorRef): string {
  return `${tensor.dtype}[${tensor.dims.join(",")}]`;
}

/** Inferred again from the types of what arrives, the shard's outputs have the types they have in the whole. */
export function verifyTypes(stage: ShardStage, model: ModelGraph, whole: InferredGraph): void {
  const inputShapes = new Map<string, Shape>();
  const inputValues = new Map<string, KnownValue>();
  for (const { name } of stage.inputs) {
    const type = whole.types.get(name);
    if (type?.kind === "tensor" && type.shape) inputShapes.set(name, type.shape);
    const value = whole.values.get(name);
    if (value) inputValues.set(name, value);
  }
  const inferred = inferShapes(model, { inputShapes, inputValues, declarations: "ignore" });
  const isOpen = (dim: Dim): boolean => [...freeNames(dim)].some((name) => whole.freshDims.has(name) || inferred.freshDims.has(name));
  for (const name of stage.outputs) {
    // What the file declares of a value that inference knows too little of was not inferred in the whole either.
    if (whole.declared.has(name)) continue;
    const expected = whole.types.get(name);
    const found = inferred.types.get(name);
    if (expected && found && !agree(expected, found, isOpen)) {
      fail(stage, `${JSON.stringify(name)} is ${printInferredType(found)} in the shard and ${printInferredType(expected)} in the whole`);
    }
  }
}

/** What either side does not know contradicts nothing. */
function agree(a: InferredType, b: InferredType, isOpen: (dim: Dim) => boolean): boolean {
  if (a.kind !== "tensor" || b.kind !== "tensor") return a.kind === b.kind || a.kind === "unknown" || b.kind === "unknown";
  if (a.dtype !== b.dtype && a.dtype !== "undefined" && b.dtype !== "undefined") return false;
  if (!a.shape || !b.shape) return true;
  const other = b.shape;
  return a.shape.length === other.length && a.shape.every((dim, axis) => {
    const against = other[axis];
    return against !== undefined && (equalDims(dim, against) || isOpen(dim) || isOpen(against));
  });
}
