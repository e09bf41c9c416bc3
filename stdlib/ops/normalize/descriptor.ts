import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferNormalize } from "./infer-normalize.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "normalize",
  module: "image",
  summary: "(x - mean) / std for each channel",
  signatures: ["normalize(x: tensor<f32>[..S], mean: list<float>, std: list<float>, axis: int) -> tensor<f32>[..S]"],
  defaults: { axis: { kind: "int", value: 0n } },
  infer: (call) => inferNormalize(call),
  cost: { fixedNs: 1_000, nsPerInputByte: 0.4 },
  async: false,
};
