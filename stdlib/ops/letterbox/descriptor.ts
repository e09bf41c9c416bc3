import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "letterbox",
  module: "image",
  summary: "A picture fitted whole into a frame, with what is needed to map boxes back",
  signatures: [
    "letterbox(x: tensor<u8>[H, W, C], width: int, height: int, color: list<int>) -> { image: tensor<u8>[height, width, C], geometry: tensor<f32>[3] }",
  ],
  defaults: { color: { kind: "list", items: [{ kind: "int", value: 114n }] } },
  cost: { fixedNs: 5_000, nsPerInputByte: 0.5, nsPerOutputByte: 1 },
  async: false,
};
