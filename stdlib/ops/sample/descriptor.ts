import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "row",
  name: "sample",
  module: "row",
  summary: "A reproducible random share of the rows",
  signatures: ["sample(rows: stream<Row>, fraction: float, seed: int) -> stream<Row>"],
  cost: { fixedNs: 100 },
  async: false,
};
