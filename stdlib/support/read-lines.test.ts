/** Lines, wherever a file's buffers end, and however long. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLines } from "./read-lines.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pipec-lines-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function linesOf(text: string, lengthMax?: number): Promise<readonly (string | undefined)[]> {
  const file = join(folder, "lines.txt");
  await writeFile(file, text);
  const lines: (string | undefined)[] = [];
  for await (const batch of readLines(file, undefined, lengthMax)) lines.push(...batch);
  return lines;
}

test.each([
  ["", []],
  ["\n", [""]],
  ["a", ["a"]],
  ["a\r\n\r\nb\n", ["a", "", "b"]],
  ["a\nb\r", ["a", "b"]],
])("%j", async (text, lines) => {
  expect(await linesOf(text)).toEqual(lines);
});

test("lines longer than buffers, and lines that end where a buffer does", async () => {
  const lines = [2 ** 18 - 1, 2 ** 18, 5, 3 * 2 ** 18, 0, 2 ** 18 - 2, 7].map((length, index) => String(index).repeat(length));
  expect(await linesOf(lines.map((line) => `${line}\n`).join(""))).toEqual(lines);
  expect(await linesOf(lines.join("\r\n"))).toEqual(lines);
});

test("a line that is too long is none, and the next ones are read", async () => {
  const long = "x".repeat(2 ** 20);
  expect(await linesOf(`a\n${long}\n${"b".repeat(300_000)}\n${long}`, 300_000)).toEqual(["a", undefined, "b".repeat(300_000), undefined]);
});
