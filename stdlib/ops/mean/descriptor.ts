import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { floatOnly, inferFold, inferReduction } from "../../support/infer-reduction.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "mean",
  module: "tensor",
  summary: "The mean of all elements or along an axis; in `implode`, over the children",
  signatures: ["mean(x: tensor<D>[..S], axis: int?) -> tensor<D>[..S]"],
  aggregates: ["mean(x: tensor<D>[..S]) -> tensor<D>[..S]"],
  defaults: { axis: { kind: "null" } },
  infer: (call) => inferReduction(call, floatOnly),
  inferAggregate: (call) => inferFold(call, floatOnly),
  cost: { fixedNs: 200, nsPerInputByte: 1 },
  async: false,
};
