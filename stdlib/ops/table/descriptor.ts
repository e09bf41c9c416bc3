import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "row",
  name: "table",
  module: "row",
  summary: "A lookup table from a small source",
  signatures: ["table(rows: stream<Row>, by: Row) -> table"],
  cost: { fixedNs: 100 },
  async: false,
};
