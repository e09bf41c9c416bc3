import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "unletterbox",
  module: "image",
  summary: "Boxes in a letterbox frame, mapped back to the picture",
  signatures: ["unletterbox(boxes: tensor<f32>[K, 4], geometry: tensor<f32>[3]) -> tensor<f32>[K, 4]"],
  cost: { fixedNs: 500, nsPerInputByte: 1 },
  async: false,
};
