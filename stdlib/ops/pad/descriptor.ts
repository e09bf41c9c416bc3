import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "pad",
  module: "image",
  summary: "A picture with a border",
  signatures: [
    "pad(x: tensor<u8>[H, W, C], top: int, left: int, bottom: int, right: int, color: list<int>) -> tensor<u8>[H + top + bottom, W + left + right, C]",
  ],
  defaults: {
    top: { kind: "int", value: 0n },
    left: { kind: "int", value: 0n },
    bottom: { kind: "int", value: 0n },
    right: { kind: "int", value: 0n },
    color: { kind: "list", items: [{ kind: "int", value: 0n }] },
  },
  cost: { fixedNs: 1_000, nsPerOutputByte: 0.3 },
  async: false,
};
