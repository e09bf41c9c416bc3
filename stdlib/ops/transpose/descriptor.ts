import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferTranspose } from "./infer-transpose.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "transpose",
  module: "tensor",
  summary: "Axes in another order; reversed unless `axes` says otherwise",
  signatures: ["transpose(x: tensor<D>[..S], axes: list<int>?) -> tensor<D>[..S]"],
  defaults: { axes: { kind: "null" } },
  infer: (call) => inferTranspose(call),
  cost: { fixedNs: 300, nsPerInputByte: 1 },
  async: false,
};
