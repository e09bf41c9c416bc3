import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "crop",
  module: "image",
  summary: "A rectangle of a picture",
  signatures: ["crop(x: tensor<u8>[H, W, C], top: int, left: int, height: int, width: int) -> tensor<u8>[height, width, C]"],
  cost: { fixedNs: 1_000, nsPerOutputByte: 0.2 },
  async: false,
};
