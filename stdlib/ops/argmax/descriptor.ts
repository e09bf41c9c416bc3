import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferReduction, numberOnly } from "../../support/infer-reduction.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "argmax",
  module: "tensor",
  summary: "The place of the largest element along an axis",
  signatures: ["argmax(x: tensor<D>[..S], axis: int) -> tensor<i64>[..S]"],
  defaults: { axis: { kind: "int", value: -1n } },
  infer: (call) =>
    inferReduction(call, (dtype) => {
      const number = numberOnly(dtype);
      return typeof number === "object" ? number : "i64";
    }),
  cost: { fixedNs: 200, nsPerInputByte: 1 },
  async: false,
};
