/** The weights of a model: initializers, and tensors in Constant nodes. Sizes follow from dtypes and dimensions; nothing is read. */
import { elementCount } from "../check-tensors.ts";
import { elemTypeBytes, type ElemType } from "../elem-types.ts";
import type { Graph, ModelGraph, Node, TensorRef } from "../model-graph.ts";
import { subgraphsOf } from "../walk.ts";

/** Bytes of each initializer and Constant of a graph. */
export function weightsOf(graph: Graph): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const tensor of graph.initializers) bytes.set(tensor.name, sizeOf(tensor.dtype, tensor.dims));
  for (const { values, indices } of graph.sparseInitializers) bytes.set(values.name, sizeOf(values.dtype, values.dims) + sizeOf(indices.dtype, indices.dims));
  for (const node of graph.nodes) {
    const tensor = constantTensor(node);
    if (tensor) bytes.set(node.outputs[0] ?? "", sizeOf(tensor.dtype, tensor.dims));
  }
  return bytes;
}

function constantTensor(node: Node): TensorRef | undefined {
  const value = node.op === "Constant" ? node.attributes.get("value") : undefined;
  return value?.kind === "tensor" ? value.value : undefined;
}

function sizeOf(dtype: ElemType, dims: readonly number[]): number {
  const count = elementCount(dims);
  return Number.isNaN(count) ? 0 : elemTypeBytes(dtype, count);
}

/** Bytes of all weights, each once, those of subgraphs included. */
export function totalWeightBytes(model: ModelGraph): number {
  let total = 0;
  const add = (graph: Graph): void => {
    for (const bytes of weightsOf(graph).values()) total += bytes;
    for (const node of graph.nodes) for (const { graph: inner } of subgraphsOf(node)) add(inner);
  };
  add(model.graph);
  return total;
}

const wideIntegers: ReadonlySet<ElemType> = new Set(["i16", "i32", "i64", "u16", "u32", "u64", "bool", "string", "undefined"]);

/** Elements that hold learned values. Some exporters write weights as Constant nodes; single values there are settings of operators. */
export function countParams(model: ModelGraph): number {
  const constants = model.graph.nodes.flatMap((node) => constantTensor(node) ?? []).filter((tensor) => elementCount(tensor.dims) > 1);
  let total = 0;
  for (const tensor of [...model.graph.initializers, ...constants]) {
    const count = elementCount(tensor.dims);
    if (!wideIntegers.has(tensor.dtype) && !Number.isNaN(count)) total += count;
  }
  return total;
}
