import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "row",
  name: "filter",
  module: "row",
  summary: "Keeps the rows for which a condition holds",
  signatures: ["filter(rows: stream<Row>, predicate: bool) -> stream<Row>"],
  cost: { fixedNs: 100 },
  async: false,
};
