import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "to_tensor",
  module: "image",
  summary: "Pixels as floats, scaled, channels first or last",
  signatures: [
    'to_tensor(x: tensor<u8>[H, W, C], scale: float, layout: "CHW") -> tensor<f32>[C, H, W]',
    'to_tensor(x: tensor<u8>[H, W, C], scale: float, layout: "HWC") -> tensor<f32>[H, W, C]',
  ],
  defaults: { scale: { kind: "float", value: 1 / 255 }, layout: { kind: "string", value: "CHW" } },
  cost: { fixedNs: 1_000, nsPerInputByte: 0.6 },
  async: false,
};
