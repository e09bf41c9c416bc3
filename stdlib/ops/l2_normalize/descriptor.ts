import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferSameFloat } from "../../support/infer-elementwise.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "l2_normalize",
  module: "tensor",
  summary: "Scales vectors along an axis to length one",
  signatures: ["l2_normalize(x: tensor<D>[..S], axis: int, epsilon: float) -> tensor<D>[..S]"],
  defaults: { axis: { kind: "int", value: -1n }, epsilon: { kind: "float", value: 1e-12 } },
  infer: (call) => inferSameFloat(call),
  cost: { fixedNs: 300, nsPerInputByte: 1 },
  async: false,
};
