import { expect, test } from "vitest";
import { bertTokenizerJson } from "../tokenizer/bert-tokenizer-json.ts";
import { loadTokenizer } from "../tokenizer/loaded-tokenizer.ts";
import { tokenize } from "./kernel.ts";

const tokenizer = loadTokenizer(bertTokenizerJson("[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nworld\n##s\n"));

test("adds special tokens, splits words, knows the unknown", async () => {
  const tokens = await tokenize({ text: "Hello worlds zzz", tokenizer, max: 16n });
  expect([...tokens.ids.data]).toEqual([2n, 4n, 5n, 6n, 1n, 3n]);
  expect([...tokens.mask.data]).toEqual([1n, 1n, 1n, 1n, 1n, 1n]);
  expect(tokens.type_ids.shape).toEqual([6]);
});

test("a cut text still ends with its special token", async () => {
  const tokens = await tokenize({ text: "hello world hello world", tokenizer, max: 4n });
  expect([...tokens.ids.data]).toEqual([2n, 4n, 5n, 3n]);
});

test("calls with other limits do not disturb each other", async () => {
  const lengths = await Promise.all([3n, 6n, 4n].map(async (max) => (await tokenize({ text: "hello world hello world", tokenizer, max })).ids.shape[0]));
  expect(lengths).toEqual([3, 6, 4]);
});

test("an empty text has only special tokens", async () => {
  expect([...(await tokenize({ text: "", tokenizer, max: 8n })).ids.data]).toEqual([2n, 3n]);
});
