import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferFold, inferReduction, numberOnly } from "../../support/infer-reduction.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "max",
  module: "tensor",
  summary: "The largest element, of all or along an axis; in `implode`, the largest of the children",
  signatures: ["max(x: tensor<D>[..S], axis: int?) -> tensor<D>[..S]"],
  aggregates: ["max(x: tensor<D>[..S]) -> tensor<D>[..S]"],
  defaults: { axis: { kind: "null" } },
  infer: (call) => inferReduction(call, numberOnly),
  inferAggregate: (call) => inferFold(call, numberOnly),
  cost: { fixedNs: 200, nsPerInputByte: 1 },
  async: false,
};
