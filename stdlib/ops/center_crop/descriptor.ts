import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "center_crop",
  module: "image",
  summary: "The middle of a picture",
  signatures: [
    "center_crop(x: tensor<u8>[H, W, C], size: int) -> tensor<u8>[size, size, C]",
    "center_crop(x: tensor<u8>[H, W, C], height: int, width: int) -> tensor<u8>[height, width, C]",
  ],
  cost: { fixedNs: 1_000, nsPerOutputByte: 0.2 },
  async: false,
};
