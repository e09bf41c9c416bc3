import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "row",
  name: "dedupe",
  module: "row",
  summary: "Keeps the first row of equal (or near) keys, in source order",
  signatures: ["dedupe(rows: stream<Row>, by: Row, distance: int, keys: int) -> stream<Row>"],
  cost: { fixedNs: 100 },
  async: false,
};
