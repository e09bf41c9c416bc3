/**
 * Cuts a model into stages that are models of their own.
 *
 * Before: a read model, its inferred types, and cuts. After: a `ShardSet` that `verifyShards` has checked, or what is
 * wrong with the cuts. Nothing is computed differently: every node is copied byte for byte, so that the chain of shards
 * gives the outputs of the whole bit for bit where the runtime runs both as they are.
 */
import { shardCodes } from "../../language/diagnostics/codes/shard.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { freeNames } from "../../language/tensor/evaluate-dim.ts";
import { dimNumber, type Dim } from "../../language/tensor/dim.ts";
import { printDim } from "../../language/tensor/print-dim.ts";
import { elementCount } from "../onnx/check-tensors.ts";
import { elemTypeBytes } from "../onnx/elem-types.ts";
import { inferShapes, type InferredGraph } from "../onnx/infer/infer-shapes.ts";
import { describeNode, quoteName, reportInModel } from "../onnx/model-diagnostics.ts";
import type { ModelDraft, ValueDraft } from "../onnx/model-draft.ts";
import type { FileDim, LocalFunction, ModelGraph, Node, TensorRef } from "../onnx/model-graph.ts";
import { functionKey, subgraphsOf, tensorsOf } from "../onnx/walk.ts";
import { assignStages } from "./assign-stages.ts";
import { findCrossing, type Crossing } from "./crossing-values.ts";
import { indexGraph, type GraphIndex } from "./graph-index.ts";
import type { Cuts, ShardInput, ShardSet, ShardStage } from "./shard-set.ts";
import { verifyShards } from "./verify-shards.ts";

export type ShardResult = { readonly ok: true; readonly set: ShardSet } | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/**
 * Cuts `model` at `cuts`: k cuts give k + 1 stages. `inferred` saves inferring the model's types again. A model that
 * contradicts itself cannot be cut: its own diagnostics are given back.
 */
export function shardPipeline(model: ModelGraph, cuts: Cuts, inferred: InferredGraph = inferShapes(model)): ShardResult {
  const contradictions = inferred.diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  if (contradictions.length > 0) return { ok: false, diagnostics: contradictions };
  const external = externalAttributes(model);
  if (external.length > 0) return { ok: false, diagnostics: external };
  const index = indexGraph(model, inferred);
  const assigned = assignStages(index, cuts);
  if ("diagnostics" in assigned) return { ok: false, diagnostics: assigned.diagnostics };
  const crossing = findCrossing(index, assigned.stages);
  if ("cannot" in crossing) {
    const diagnostics = crossing.cannot.map(({ value, from, to, what }) => reportInModel(shardCodes.valueCannotCross, { value: quoteName(value), from: from + 1, to: to + 1, what }));
    return { ok: false, diagnostics };
  }
  const stages = crossing.nodes.map((_, stage) => buildStage(index, crossing, stage, assigned.stages.fixed));
  const inputs = model.graph.inputs.map((input) => input.name).filter((name) => index.inputs.has(name));
  const set: ShardSet = { model, inputs, outputs: model.graph.outputs.map((output) => output.name), stages };
  verifyShards(set, inferred);
  return { ok: true, set };
}

/** Node attributes that point to files beside the model: a shard lies elsewhere. */
function externalAttributes(model: ModelGraph): readonly Diagnostic[] {
  const inNodes = (nodes: readonly Node[]): readonly Diagnostic[] =>
    nodes.flatMap((node) => {
      const inner = subgraphsOf(node).flatMap(({ graph }) => [...graph.initializers, ...graph.sparseInitializers.flatMap((sparse) => [sparse.values, sparse.indices])]);
      const own = [...[...node.attributes.values()].flatMap(tensorsOf), ...inner].filter((tensor) => tensor.data.kind === "external");
      const found = own.map((tensor) => reportInModel(shardCodes.externalAttribute, { tensor: quoteName(tensor.name), node: describeNode(node) }));
      return [...found, ...subgraphsOf(node).flatMap(({ graph }) => inNodes(graph.nodes))];
    });
  return [...inNodes(model.graph.nodes), ...model.functions.flatMap((fn) => inNodes(fn.nodes))];
}

function buildStage(index: GraphIndex, { arrive, nodes: allNodes }: Crossing, stage: number, fixed: ReadonlySet<Node>): ShardStage {
  const { graph } = index.model;
  const nodes = allNodes[stage] ?? [];
  const receives = arrive[stage] ?? [];
  const sends = arrive[stage + 1] ?? graph.outputs.map((output) => output.name);
  const received = new Set(receives);
  const outputs = sends.filter((name) => !received.has(name));
  const used = new Set([...nodes.flatMap((node) => index.usesOf(node)), ...outputs]);
  const inputs = receives.filter((name) => used.has(name)).map((name): ShardInput => ({ name, from: originOf(index, arrive, allNodes, stage, name) }));
  const initializers = graph.initializers.filter((tensor) => used.has(tensor.name));
  const sparse = graph.sparseInitializers.filter(({ values }) => used.has(values.name)).flatMap(({ values, indices }) => [values, indices]);
  const weightBytes = [...initializers, ...sparse].reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  const draft = draftOf(index, nodes, inputs.map((input) => input.name), outputs, initializers, used, `${stage + 1} of ${allNodes.length}`);
  return {
    index: stage,
    nodes,
    clones: nodes.filter((node) => !fixed.has(node)),
    receives,
    inputs,
    outputs,
    sends,
    initializers,
    weightBytes,
    draft,
    ranks: [{ segments: [{ inputs: inputs.map(({ name }) => ({ port: name, from: { kind: "stage", value: name } })), outputs, nodes: nodes.length, weightBytes, draft }] }],
    leaves: sends.map((value) => ({ value, from: received.has(value) ? { kind: "stage", value } : { kind: "self", segment: 0, port: value } })),
  };
}

function sizeOf(tensor: TensorRef): number {
  return elemTypeBytes(tensor.dtype, elementCount(tensor.dims));
}

/** Follows a value back to the stage that made it for the ones after. */
function originOf(index: GraphIndex, arrive: Crossing["arrive"], nodes: Crossing["nodes"], stage: number, name: string): ShardInput["from"] {
  const producer = index.producer.get(name);
  if (producer === undefined) return { kind: "caller" };
  for (let at = stage - 1; at >= 0; at--) {
    if (!(arrive[at] ?? []).includes(name) && nodes[at]?.includes(producer)) return { kind: "stage", stage: at };
  }
  throw new Error(`verifyShards: ${JSON.stringify(name)} arrives at stage ${stage} and no stage makes it`);
}

function draftOf(index: GraphIndex, nodes: readonly Node[], inputs: readonly string[], outputs: readonly string[], initializers: readonly TensorRef[], used: ReadonlySet<string>, shard: string): ModelDraft {
  const { model } = index;
  // Models before IR version 4 list their initializers among the inputs.
  const listed = model.graph.inputs.filter((input) => index.initializers.has(input.name) && used.has(input.name));
  const names = new Set([...used, ...nodes.flatMap((node) => node.outputs)]);
  return {
    base: model,
    metadata: new Map([["pipec.shard", shard]]),
    functions: calledFunctions(model, nodes),
    graph: {
      nodes: nodes.map((node) => ({ kind: "copy", node })),
      inputs: [...inputs.map((name) => portOf(index, name)), ...listed.map((value): ValueDraft => ({ kind: "copy", value }))],
      outputs: outputs.map((name) => portOf(index, name)),
      initializers: initializers.map((tensor) => ({ kind: "copy", tensor })),
      keptNames: names,
    },
  };
}

/** A port of the whole keeps its declaration; others are declared as inferred. */
export function portOf(index: GraphIndex, name: string): ValueDraft {
  const { graph } = index.model;
  const value = [...graph.inputs, ...graph.outputs].find((port) => port.name === name);
  if (value && value.type.kind !== "unknown") return { kind: "copy", value };
  const type = index.inferred.types.get(name);
  if (type?.kind !== "tensor") throw new Error(`verifyShards: ${JSON.stringify(name)} is no tensor and crosses a cut`);
  return { kind: "new", name, dtype: type.dtype, dims: type.shape ? type.shape.map((dim) => fileDim(dim, index.inferred)) : null };
}

/** Sizes that only data decides stay nameless: a name would claim that two of them agree. */
export function fileDim(dim: Dim, inferred: InferredGraph): FileDim {
  const known = dimNumber(dim);
  if (known !== undefined) return known;
  return [...freeNames(dim)].some((name) => inferred.freshDims.has(name)) ? null : printDim(dim);
}

/** The local functions that nodes call, directly or through each other, in file order. */
export function calledFunctions(model: ModelGraph, nodes: readonly Node[]): readonly LocalFunction[] {
  const byKey = new Map(model.functions.map((fn) => [functionKey(fn.domain, fn.name, fn.overload), fn]));
  const called = new Set<LocalFunction>();
  const visit = (list: readonly Node[]): void => {
    for (const node of list) {
      const fn = byKey.get(functionKey(node.domain, node.op, node.overload));
      if (fn && !called.has(fn)) {
        called.add(fn);
        visit(fn.nodes);
      }
      for (const { graph } of subgraphsOf(node)) visit(graph.nodes);
    }
  };
  visit(nodes);
  return model.functions.filter((fn) => called.has(fn));
}
