import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferSlice } from "./infer-slice.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "slice",
  module: "tensor",
  summary: "A run of elements along one axis",
  signatures: ["slice(x: tensor<D>[..S], axis: int, start: int, length: int) -> tensor<D>[..S]"],
  infer: (call) => inferSlice(call),
  cost: { fixedNs: 200, nsPerOutputByte: 0.3 },
  async: false,
};
