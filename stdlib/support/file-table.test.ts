/** A packed list gives back what went in, from anywhere, and its digest tells one list from another. */
import { expect, test } from "vitest";
import { packFiles } from "./file-table.ts";
import type { ListedFile } from "./file-table.ts";
import { PAGE_FILES } from "./list-input.ts";

const files: readonly ListedFile[] = Array.from({ length: 2 * PAGE_FILES + 3 }, (_, index) => {
  const name = `${index % 2 === 0 ? "été/" : "a\n"}${String(index).padStart(7, "0")}.jpg`;
  return { file: `/data/${name}`, name, bytes: (index * 7919) % 2 ** 40, modifiedMs: 1.7e12 + ((index * 104729) % 1e9) };
});

async function* pagesOf(list: readonly ListedFile[]): AsyncGenerator<readonly ListedFile[]> {
  for (let first = 0; first < list.length; first += PAGE_FILES) yield list.slice(first, first + PAGE_FILES);
}

test("gives back every file, from any on to the end of its page", async () => {
  const table = await packFiles(pagesOf(files));
  expect([table.count, table.bytes, table.modifiedMs]).toEqual([files.length, files.reduce((sum, { bytes }) => sum + bytes, 0), Math.max(...files.map(({ modifiedMs }) => modifiedMs))]);
  for (const first of [0, 5, PAGE_FILES - 1, PAGE_FILES, 2 * PAGE_FILES + 2, 17]) {
    expect(table.filesFrom(first)).toEqual(files.slice(first, (Math.floor(first / PAGE_FILES) + 1) * PAGE_FILES));
  }
});

test.each<[string, Partial<ListedFile>]>([["a name", { name: "other" }], ["a size", { bytes: 1 }], ["a time", { modifiedMs: 1 }]])("%s decides the digest", async (_what, change) => {
  const other = files.map((file, index) => (index === PAGE_FILES + 1 ? { ...file, ...change } : file));
  const [one, same, two] = await Promise.all([files, [...files], other].map((list) => packFiles(pagesOf(list))));
  expect(same.digest).toBe(one.digest);
  expect(two.digest).not.toBe(one.digest);
});

test("no file at all", async () => {
  expect(await packFiles(pagesOf([]))).toMatchObject({ count: 0, bytes: 0 });
});
