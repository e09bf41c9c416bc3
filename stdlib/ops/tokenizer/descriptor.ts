import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "resource",
  name: "tokenizer",
  module: "text",
  summary: "A Hugging Face tokenizer.json, or a BERT vocabulary (vocab.txt)",
  signatures: ["tokenizer(path: uri) -> tokenizer"],
  cost: { fixedNs: 0 },
  async: true,
};
