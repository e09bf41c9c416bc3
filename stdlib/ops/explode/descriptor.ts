import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "row",
  name: "explode",
  module: "row",
  summary: "One row per element of a list or of a tensor's first axis",
  signatures: ["explode(rows: stream<Row>, field: list<Row>) -> stream<Row>"],
  cost: { fixedNs: 100 },
  async: false,
};
