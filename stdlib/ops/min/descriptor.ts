import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferFold, inferReduction, numberOnly } from "../../support/infer-reduction.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "min",
  module: "tensor",
  summary: "The smallest element, of all or along an axis; in `implode`, the smallest of the children",
  signatures: ["min(x: tensor<D>[..S], axis: int?) -> tensor<D>[..S]"],
  aggregates: ["min(x: tensor<D>[..S]) -> tensor<D>[..S]"],
  defaults: { axis: { kind: "null" } },
  infer: (call) => inferReduction(call, numberOnly),
  inferAggregate: (call) => inferFold(call, numberOnly),
  cost: { fixedNs: 200, nsPerInputByte: 1 },
  async: false,
};
