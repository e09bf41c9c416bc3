import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "count",
  module: "tensor",
  summary: "In `implode`, how many children a parent had",
  signatures: [],
  aggregates: ["count() -> int"],
  cost: { fixedNs: 20 },
  async: false,
};
