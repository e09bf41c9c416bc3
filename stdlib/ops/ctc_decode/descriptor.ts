import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "ctc_decode",
  module: "text",
  summary: "Text from per-step class scores by greedy CTC decoding",
  signatures: ["ctc_decode(probs: tensor<D>[T, K], alphabet: list<string>, blank: int) -> string"],
  defaults: { blank: { kind: "int", value: 0n } },
  cost: { fixedNs: 1_000, nsPerInputByte: 0.5 },
  async: false,
};
