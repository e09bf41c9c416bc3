import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "lower",
  module: "text",
  summary: "Text in lower case (Unicode, no locale)",
  signatures: ["lower(text: string) -> string"],
  cost: { fixedNs: 50, nsPerInputByte: 1 },
  async: false,
};
