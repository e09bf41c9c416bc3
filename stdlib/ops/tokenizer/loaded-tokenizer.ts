/**
 * A loaded tokenizer. The library keeps truncation as state of the tokenizer and encodes on other threads, so
 * each limit gets a tokenizer of its own: calls with other limits cannot disturb each other.
 */
import { Tokenizer } from "tokenizers";
import type { Encoding } from "tokenizers";
import { RowError } from "../../../runtime/contract/kernel.ts";

export interface LoadedTokenizer {
  /** At most `max` tokens, special tokens included; padding of the file is ignored. */
  readonly encode: (text: string, max: number) => Promise<EncodedText>;
  /** All tokens in windows of at most `length`, overlapping by `overlap`. */
  readonly encodeWindows: (text: string, length: number, overlap: number) => Promise<readonly EncodedText[]>;
}

export interface EncodedText {
  readonly ids: readonly number[];
  readonly mask: readonly number[];
  readonly typeIds: readonly number[];
}

/** `json` is the text of a tokenizer.json. Throws the library's error when it is not one. */
export function loadTokenizer(json: string): LoadedTokenizer {
  const unlimited = Tokenizer.fromString(json);
  unlimited.disablePadding();
  unlimited.disableTruncation();
  const byLimit = new Map<number, Tokenizer>();
  const withLimit = (max: number): Tokenizer => {
    const known = byLimit.get(max);
    if (known !== undefined) return known;
    const tokenizer = Tokenizer.fromString(json);
    tokenizer.disablePadding();
    tokenizer.setTruncation(max);
    byLimit.set(max, tokenizer);
    return tokenizer;
  };
  return {
    encode: async (text, max) => toText(await withLimit(max).encode(text)),
    encodeWindows: async (text, length, overlap) => cutWindows(await unlimited.encode(text), length, overlap),
  };
}

function toText(encoding: Encoding): EncodedText {
  return { ids: encoding.getIds(), mask: encoding.getAttentionMask(), typeIds: encoding.getTypeIds() };
}

/**
 * Cut here because the library's Node binding returns only the first overflow. Every window gets the special
 * tokens that stand before and after the whole text.
 */
function cutWindows(encoding: Encoding, length: number, overlap: number): readonly EncodedText[] {
  const whole = toText(encoding);
  const special = encoding.getSpecialTokensMask();
  const prefix = special.indexOf(0);
  const contentEnd = special.lastIndexOf(0) + 1;
  const suffix = contentEnd === 0 ? 0 : special.length - contentEnd;
  const room = length - prefix - suffix;
  if (contentEnd === 0) return [whole];
  if (room <= overlap) throw new RowError(`windows of ${length} tokens leave room for ${room} beside the special tokens; overlap ${overlap} never moves on`);
  const windows: EncodedText[] = [];
  for (let start = prefix; ; start += room - overlap) {
    const end = Math.min(start + room, contentEnd);
    const take = (values: readonly number[]) => [...values.slice(0, prefix), ...values.slice(start, end), ...values.slice(contentEnd)];
    windows.push({ ids: take(whole.ids), mask: take(whole.mask), typeIds: take(whole.typeIds) });
    if (end === contentEnd) return windows;
  }
}
