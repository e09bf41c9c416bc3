import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "resource",
  name: "lines",
  module: "text",
  summary: "The lines of a UTF-8 text file, as a list of strings",
  signatures: ["lines(path: uri) -> list<string>"],
  cost: { fixedNs: 0 },
  async: true,
};
