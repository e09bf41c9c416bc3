import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { floatOnly, inferFold, inferReduction, numberOnly } from "../../support/infer-reduction.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "sum",
  module: "tensor",
  summary: "The sum of all elements or along an axis; in `implode`, over the children",
  signatures: ["sum(x: tensor<D>[..S], axis: int?) -> tensor<D>[..S]"],
  aggregates: ["sum(x: tensor<D>[..S]) -> tensor<D>[..S]"],
  defaults: { axis: { kind: "null" } },
  infer: (call) => inferReduction(call, floatOnly),
  inferAggregate: (call) => inferFold(call, numberOnly),
  cost: { fixedNs: 200, nsPerInputByte: 1 },
  async: false,
};
