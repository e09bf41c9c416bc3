import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferSameFloat } from "../../support/infer-elementwise.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "softmax",
  module: "tensor",
  summary: "Exponentials along an axis, scaled to sum to one",
  signatures: ["softmax(x: tensor<D>[..S], axis: int) -> tensor<D>[..S]"],
  defaults: { axis: { kind: "int", value: -1n } },
  infer: (call) => inferSameFloat(call),
  cost: { fixedNs: 500, nsPerInputByte: 4 },
  async: false,
};
