/** Token ids of a text with the tokenizer's special tokens, cut so that they still end as the tokenizer ends them. */
import type { Tensor } from "../../../runtime/contract/value.ts";
import type { LoadedTokenizer } from "../tokenizer/loaded-tokenizer.ts";
import { vectorI64 } from "../../support/vector-i64.ts";

export interface Tokens {
  readonly ids: Tensor;
  readonly mask: Tensor;
  readonly type_ids: Tensor;
}

export async function tokenize(args: { readonly text: string; readonly tokenizer: LoadedTokenizer; readonly max: bigint }): Promise<Tokens> {
  const encoding = await args.tokenizer.encode(args.text, Number(args.max));
  return { ids: vectorI64(encoding.ids), mask: vectorI64(encoding.mask), type_ids: vectorI64(encoding.typeIds) };
}
