import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "mean_pool",
  module: "tensor",
  summary: "The mean of the token vectors whose mask is not zero",
  signatures: ["mean_pool(x: tensor<D>[T, K], mask: tensor<i64>[T]) -> tensor<D>[K]"],
  cost: { fixedNs: 300, nsPerInputByte: 1 },
  async: false,
};
