import { expect, test } from "vitest";
import { bertTokenizerJson } from "../tokenizer/bert-tokenizer-json.ts";
import { loadTokenizer } from "../tokenizer/loaded-tokenizer.ts";
import { chunkTokens } from "./kernel.ts";

const tokenizer = loadTokenizer(bertTokenizerJson("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\ne\n"));
const chunk = async (text: string, overlap: bigint, max = 9n) =>
  (await chunkTokens({ text, tokenizer, length: 4n, overlap, max })).map((window) => [...window.ids.data].map(Number));

test("windows keep special tokens and overlap", async () => {
  expect(await chunk("a b c d e", 0n)).toEqual([[2, 4, 5, 3], [2, 6, 7, 3], [2, 8, 3]]);
  expect(await chunk("a b c", 1n)).toEqual([[2, 4, 5, 3], [2, 5, 6, 3]]);
});

test("too many windows is a row error", async () => {
  await expect(chunk("a b c d e", 0n, 2n)).rejects.toThrow("3 windows of 4 tokens, more than max: 2");
});
