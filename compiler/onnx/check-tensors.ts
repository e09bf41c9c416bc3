/** Checks that tensors of a model have room for what they say they hold, without reading them. */
import { onnxCodes } from "../../language/diagnostics/codes/onnx.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { ByteSource } from "./byte-source.ts";
import { elemTypeBytes } from "./elem-types.ts";
import { quoteName, reportInModel } from "./model-diagnostics.ts";
import type { Graph, ModelGraph, Node, TensorRef } from "./model-graph.ts";
import { subgraphsOf, tensorsOf } from "./walk.ts";

const diagnosticsMax = 50;

export function checkTensors(model: ModelGraph): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const opened = new Map<string, ByteSource | { readonly refused: string }>();
  const open = (location: string): ByteSource | { readonly refused: string } => {
    const known = opened.get(location) ?? model.files.openExternal(location);
    opened.set(location, known);
    return known;
  };
  for (const tensor of allTensors(model)) {
    const problem = checkTensor(tensor, open);
    if (problem && diagnostics.length < diagnosticsMax) diagnostics.push(problem);
  }
  return diagnostics;
}

/** Every tensor of a model: initializers and attributes, subgraphs and functions included. */
export function allTensors(model: ModelGraph): readonly TensorRef[] {
  return [...graphTensors(model.graph), ...model.functions.flatMap((fn) => nodesTensors(fn.nodes))];
}

function graphTensors(graph: Graph): readonly TensorRef[] {
  const sparse = graph.sparseInitializers.flatMap((tensor) => [tensor.values, tensor.indices]);
  return [...graph.initializers, ...sparse, ...nodesTensors(graph.nodes)];
}

function nodesTensors(nodes: readonly Node[]): readonly TensorRef[] {
  return nodes.flatMap((node) => [
    ...[...node.attributes.values()].flatMap(tensorsOf),
    ...subgraphsOf(node).flatMap(({ graph }) => graphTensors(graph)),
  ]);
}

/** Number of elements; NaN where a dimension is negative or the product is beyond 2^53. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim >= 0 && Number.isSafeInteger(dim) ? dim : Number.NaN;
  return Number.isSafeInteger(count) ? count : Number.NaN;
}

function checkTensor(tensor: TensorRef, open: (location: string) => ByteSource | { readonly refused: string }): Diagnostic | undefined {
  const name = `tensor ${quoteName(tensor.name)}`;
  const count = elementCount(tensor.dims);
  const size = (what: string): Diagnostic => reportInModel(onnxCodes.tensorSize, { tensor: name, what });
  if (Number.isNaN(count)) return size(`its dimensions [${tensor.dims.slice(0, 8).join(", ")}] are no size`);
  if (tensor.dtype === "undefined") return size("its element type is missing or unknown");
  const needed = elemTypeBytes(tensor.dtype, count);
  const { data } = tensor;
  switch (data.kind) {
    case "raw":
      return tensor.dtype !== "string" && data.at.length !== needed ? size(`it needs ${needed} bytes and has ${data.at.length}`) : undefined;
    case "typed":
      // At least a bit per element: anything less cannot be its values.
      return count > tensor.bytes.length * 8 ? size(`${count} elements cannot lie in ${tensor.bytes.length} bytes`) : undefined;
    case "none":
      return count > 0 ? size(`it has ${count} elements and no values`) : undefined;
    case "external":
      return checkExternal(data, needed, name, open);
  }
}

function checkExternal(
  data: { readonly location: string; readonly offset: number; readonly length: number | undefined },
  needed: number,
  tensor: string,
  open: (location: string) => ByteSource | { readonly refused: string },
): Diagnostic | undefined {
  const source = open(data.location);
  if ("refused" in source) return reportInModel(onnxCodes.externalRefused, { tensor, what: source.refused });
  const short = (what: string): Diagnostic => reportInModel(onnxCodes.externalShort, { tensor, what });
  if (!Number.isSafeInteger(data.offset)) return short("its offset is no number");
  const length = data.length ?? needed;
  if (!Number.isSafeInteger(length) || length !== needed) return short(`it needs ${needed} bytes and states ${length}`);
  const end = data.offset + length;
  return end > source.size ? short(`it ends at byte ${end} of a file of ${source.size}`) : undefined;
}
