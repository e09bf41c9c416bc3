/** A read ONNX model as the checker sees it: ports and the size of the weights, never the weights. */
import type { ModelPort, ModelSignature } from "../../language/catalog/catalog.ts";
import { isDtype } from "../../language/tensor/dtype.ts";
import { elemTypeBytes } from "../onnx/elem-types.ts";
import type { ModelGraph, ValueInfo } from "../onnx/model-graph.ts";

export function modelSignature(model: ModelGraph): ModelSignature {
  const { graph } = model;
  const constants = new Set([...graph.initializers.map((tensor) => tensor.name), ...graph.sparseInitializers.map((tensor) => tensor.values.name)]);
  return {
    inputs: graph.inputs.filter((input) => !constants.has(input.name)).map(port),
    outputs: graph.outputs.map(port),
    weightBytes: weightBytesOf(model),
  };
}

/** Each initializer once, as onnxruntime loads it. */
function weightBytesOf(model: ModelGraph): number {
  return model.graph.initializers.reduce((sum, tensor) => sum + elemTypeBytes(tensor.dtype, tensor.dims.reduce((product, dim) => product * dim, 1)), 0);
}

function port(info: ValueInfo): ModelPort {
  const { name, type } = info;
  switch (type.kind) {
    case "tensor": {
      const dtype = isDtype(type.dtype) ? { dtype: type.dtype } : {};
      return { name, kind: "tensor", ...dtype, ...(type.dims === null ? {} : { shape: type.dims.map((dim) => dim ?? undefined) }) };
    }
    case "sequence":
    case "map":
    case "optional":
      return { name, kind: type.kind };
    case "sparseTensor":
    case "unknown":
      return { name, kind: "tensor" };
  }
}
