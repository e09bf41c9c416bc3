/** The samples' committed data is what their programs and tests take it for. */
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { Tokenizer } from "tokenizers";
import { describe, expect, test } from "vitest";
import { clean } from "../../samples/text-branch/clean.ts";

const samples = new URL("../../samples/", import.meta.url);

async function jsonLines(path: string): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(new URL(path, samples), "utf8");
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

describe("ocr", () => {
  test("every picture has its truth, every truth its picture", async () => {
    const truth = await jsonLines("ocr/truth.jsonl");
    const pictures = (await readdir(new URL("ocr/data/lines", samples))).sort();
    expect(pictures.length).toBeGreaterThanOrEqual(64);
    expect(truth.map((row) => row["path"])).toEqual(pictures.map((name) => `data/lines/${name}`));
    for (const row of truth) expect(String(row["text"])).toMatch(/^[\x21-\x7e][\x20-\x7e]{18,58}[\x21-\x7e]$/);
  });

  test("no line is wider than the program's bound once it is 48 pixels high", async () => {
    for (const { path } of await jsonLines("ocr/truth.jsonl")) {
      const { width, height } = await sharp(await readFile(new URL(`ocr/${String(path)}`, samples))).metadata();
      expect((width * 48) / height).toBeLessThanOrEqual(2048);
    }
  });
});

test("resnet50: every row is a JPEG, one in grey and one on its side among them", async () => {
  const file = await asyncBufferFromFile(fileURLToPath(new URL("resnet50/data/photos.parquet", samples)));
  const rows = await parquetReadObjects({ file, utf8: false });
  const found = await Promise.all(rows.map((row) => sharp(row["jpeg"]).metadata()));
  expect(found.map((picture) => picture.format)).toEqual(rows.map(() => "jpeg"));
  expect(found.filter((picture) => picture.channels === 1)).toHaveLength(1);
  expect(found.filter((picture) => picture.orientation === 6)).toHaveLength(1);
  expect(new Set(rows.map((row) => row["id"])).size).toBe(24);
});

describe("text-branch", () => {
  async function mails(): Promise<readonly Record<string, unknown>[]> {
    const names = (await readdir(new URL("text-branch/data/mail", samples))).sort();
    return (await Promise.all(names.map((name) => jsonLines(`text-branch/data/mail/${name}`)))).flat();
  }

  test("60 mails, of which three are in neither language", async () => {
    const all = await mails();
    expect(new Set(all.map((mail) => mail["id"])).size).toBe(60);
    const dropped = all.filter((mail) => !["en", "de"].includes(clean(String(mail["body text"])).lang));
    expect(dropped.map((mail) => mail["id"])).toEqual(["m043", "m044", "m054"]);
    expect(all.some((mail) => mail["subject"] === null)).toBe(true);
  });

  test("the tokenizer loads, knows every letter of the mails, and stays within the models' bound", async () => {
    const tokenizer = Tokenizer.fromFile(fileURLToPath(new URL("text-branch/models/tokenizer.json", samples)));
    const lengths: number[] = [];
    for (const mail of await mails()) {
      const encoding = await tokenizer.encode(clean(String(mail["body text"])).text);
      expect(encoding.getTokens()).not.toContain("[UNK]");
      lengths.push(encoding.getLength());
    }
    expect(Math.max(...lengths)).toBeLessThanOrEqual(256);
    expect(new Set(lengths.map((length) => Math.ceil(length / 32))).size).toBeGreaterThan(2);
  });

  test.each([["spam", 2], ["tone", 5]])("%s reads only what its mask shows", async (name, classes) => {
    const session = await InferenceSession.create(fileURLToPath(new URL(`text-branch/models/${name}.onnx`, samples)));
    const logits = async (ids: readonly bigint[], mask: readonly bigint[]): Promise<readonly number[]> => {
      const shape = [1, ids.length];
      const found = await session.run({ ids: new Tensor("int64", ids, shape), mask: new Tensor("int64", mask, shape) });
      expect(found["logits"]?.dims).toEqual([1, classes]);
      return Array.from(found["logits"]?.data ?? [], Number);
    };
    const short = await logits([2n, 100n, 3n], [1n, 1n, 1n]);
    expect(await logits([2n, 100n, 3n, 500n], [1n, 1n, 1n, 0n])).toEqual(short);
    expect(await logits([2n, 101n, 3n], [1n, 1n, 1n])).not.toEqual(short);
    expect((await logits([2n], [0n])).every(Number.isFinite)).toBe(true);
  });
});
