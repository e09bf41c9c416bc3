import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "row",
  name: "zip",
  module: "row",
  summary: "Rows of several streams of one lineage, side by side",
  signatures: ["zip(first: stream<Row>, second: stream<Row>) -> stream<Row>"],
  cost: { fixedNs: 100 },
  async: false,
};
