import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "truncate",
  module: "text",
  summary: "At most so many characters of a text",
  signatures: ["truncate(text: string, max: int) -> string"],
  cost: { fixedNs: 100, nsPerInputByte: 1 },
  async: false,
};
