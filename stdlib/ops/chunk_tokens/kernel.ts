/**
 * The tokens of a text in windows of at most `length` (special tokens included in each), each repeating the last
 * `overlap` tokens of the one before. More than `max` windows is a row error, so that no text is cut in silence.
 */
import { RowError } from "../../../runtime/contract/kernel.ts";
import { vectorI64 } from "../../support/vector-i64.ts";
import type { Tokens } from "../tokenize/kernel.ts";
import type { LoadedTokenizer } from "../tokenizer/loaded-tokenizer.ts";

interface Arguments {
  readonly text: string;
  readonly tokenizer: LoadedTokenizer;
  readonly length: bigint;
  readonly overlap: bigint;
  readonly max: bigint;
}

export async function chunkTokens(args: Arguments): Promise<readonly Tokens[]> {
  const windows = await args.tokenizer.encodeWindows(args.text, Number(args.length), Number(args.overlap));
  if (windows.length > Number(args.max)) throw new RowError(`the text makes ${windows.length} windows of ${args.length} tokens, more than max: ${args.max}`);
  return windows.map((window) => ({ ids: vectorI64(window.ids), mask: vectorI64(window.mask), type_ids: vectorI64(window.typeIds) }));
}
