/** A read ONNX model as the checker sees it: ports and the size of the weights, never the weights. */
import type { ModelPort, ModelSignature } from "../../language/catalog/catalog.ts";
import { isDtype } from "../../language/tensor/dtype.ts";
import { totalWeightBytes } from "../onnx/cost/model-weights.ts";
import type { ModelGraph } from "../onnx/model-graph.ts";
import { readSignature } from "../onnx/read-signature.ts";
import type { ModelPort as FilePort } from "../onnx/read-signature.ts";

export function modelSignature(model: ModelGraph): ModelSignature {
  const { inputs, outputs } = readSignature(model);
  return { inputs: inputs.map(port), outputs: outputs.map(port), weightBytes: totalWeightBytes(model) };
}

function port({ name, type }: FilePort): ModelPort {
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
