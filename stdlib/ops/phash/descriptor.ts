import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "phash",
  module: "image",
  summary: "A 64-bit perceptual hash: near pictures differ in few bits",
  signatures: ["phash(x: tensor<u8>[H, W, 1]) -> tensor<u64>[]"],
  cost: { fixedNs: 60_000, nsPerInputByte: 3 },
  async: false,
};
