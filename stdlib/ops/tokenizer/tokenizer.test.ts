import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bertTokenizerJson } from "./bert-tokenizer-json.ts";
import { tokenizer } from "./kernel.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pipec-tokenizer-"));
});
afterAll(() => rm(folder, { recursive: true }));

const vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nhi\n";

test("a vocabulary and its tokenizer.json are the same tokenizer", async () => {
  await writeFile(join(folder, "vocab.txt"), vocabulary);
  await writeFile(join(folder, "tokenizer.json"), bertTokenizerJson(vocabulary));
  const ids = await Promise.all(["vocab.txt", "tokenizer.json"].map(async (name) => (await (await tokenizer({ path: join(folder, name) })).encode("Hi hi", 9)).ids));
  expect(ids).toEqual([[2, 4, 4, 3], [2, 4, 4, 3]]);
});

test("broken files are named", async () => {
  await writeFile(join(folder, "broken.json"), "{");
  await writeFile(join(folder, "no-cls.txt"), "[PAD]\n[UNK]\n");
  await expect(tokenizer({ path: join(folder, "broken.json") })).rejects.toThrow("broken.json is not a tokenizer that can be loaded");
  await expect(tokenizer({ path: join(folder, "no-cls.txt") })).rejects.toThrow("the vocabulary lacks [CLS]");
  await expect(tokenizer({ path: join(folder, "missing.json") })).rejects.toThrow("missing.json does not exist");
});
