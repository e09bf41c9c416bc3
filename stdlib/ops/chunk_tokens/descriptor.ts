import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";
import { inferChunkTokens } from "./infer-chunk-tokens.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "chunk_tokens",
  module: "text",
  summary: "A long text's tokens in overlapping windows",
  signatures: [
    "chunk_tokens(text: string, tokenizer: tokenizer, length: int, overlap: int, max: int) -> list<{ ids: tensor<i64>[T], mask: tensor<i64>[T], type_ids: tensor<i64>[T] }> where T <= length",
  ],
  defaults: { overlap: { kind: "int", value: 0n } },
  infer: (call) => inferChunkTokens(call),
  cost: { fixedNs: 30_000, nsPerInputByte: 100 },
  async: true,
};
