import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "nms",
  module: "image",
  summary: "The best boxes of each class, overlapping ones left out",
  signatures: [
    "nms(boxes: tensor<f32>[K, 4], scores: tensor<f32>[K, L], iou: float, score: float, max: int) -> { boxes: tensor<f32>[M, 4], scores: tensor<f32>[M], classes: tensor<i64>[M] } where M <= max",
  ],
  defaults: { iou: { kind: "float", value: 0.5 }, score: { kind: "float", value: 0.25 }, max: { kind: "int", value: 300n } },
  cost: { fixedNs: 20_000, nsPerInputByte: 1 },
  async: false,
};
