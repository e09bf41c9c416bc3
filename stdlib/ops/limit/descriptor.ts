import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "row",
  name: "limit",
  module: "row",
  summary: "The first so many rows, in row order",
  signatures: ["limit(rows: stream<Row>, count: int) -> stream<Row>"],
  cost: { fixedNs: 100 },
  async: false,
};
