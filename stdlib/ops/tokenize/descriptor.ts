import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "tokenize",
  module: "text",
  summary: "Token ids, attention mask and type ids of a text, at most `max` tokens",
  signatures: [
    "tokenize(text: string, tokenizer: tokenizer, max: int) -> { ids: tensor<i64>[T], mask: tensor<i64>[T], type_ids: tensor<i64>[T] } where T <= max",
  ],
  cost: { fixedNs: 20_000, nsPerInputByte: 100 },
  async: true,
};
