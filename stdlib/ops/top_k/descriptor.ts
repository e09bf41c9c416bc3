import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "top_k",
  module: "tensor",
  summary: "The k largest elements of a vector and their places, largest first",
  signatures: ["top_k(x: tensor<D>[K], k: int) -> { values: tensor<D>[k], indices: tensor<i64>[k] } where k <= K"],
  cost: { fixedNs: 500, nsPerInputByte: 3 },
  async: false,
};
