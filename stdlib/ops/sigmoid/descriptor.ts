import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferSameFloat } from "../../support/infer-elementwise.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "sigmoid",
  module: "tensor",
  summary: "1 / (1 + exp(-x)), elementwise",
  signatures: ["sigmoid(x: tensor<D>[..S]) -> tensor<D>[..S]"],
  infer: (call) => inferSameFloat(call),
  cost: { fixedNs: 200, nsPerInputByte: 3 },
  async: false,
};
