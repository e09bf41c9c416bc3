import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

const FILTER = '"nearest" | "box" | "bilinear" | "bicubic" | "lanczos"';

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "resize",
  module: "image",
  summary: "A picture at another size, with the filter you name",
  signatures: [
    `resize(x: tensor<u8>[H, W, C], height: int, width: int, filter: ${FILTER}, antialias: bool) -> tensor<u8>[height, width, C]`,
    `resize(x: tensor<u8>[H, W, C], shorter: int, filter: ${FILTER}, antialias: bool, max_longer: int) -> tensor<u8>[H2, W2, C] where H2 <= max_longer, W2 <= max_longer`,
    `resize(x: tensor<u8>[H, W, C], height: int, filter: ${FILTER}, antialias: bool, max_width: int) -> tensor<u8>[height, W2, C] where W2 <= max_width`,
  ],
  defaults: { antialias: { kind: "bool", value: true }, max_longer: { kind: "int", value: 8192n } },
  // Bilinear; bicubic takes half as much again.
  cost: { fixedNs: 5_000, nsPerInputByte: 0.5, nsPerOutputByte: 1 },
  async: false,
};
