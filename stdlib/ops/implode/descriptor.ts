import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "row",
  name: "implode",
  module: "row",
  summary: "Closes the innermost explode: one row per parent again",
  signatures: ["implode(rows: stream<Row>, field: Row) -> stream<Row>"],
  cost: { fixedNs: 100 },
  async: false,
};
