/** Records after RFC 4180: one that is broken costs itself alone, however the file is cut into buffers. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Column } from "../../../runtime/contract/column.ts";
import type { SourceItem } from "../../../runtime/contract/kernel.ts";
import { csv } from "./kernel.ts";
import { splitRecords } from "./split-records.ts";
import type { CsvRecord } from "./split-records.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pipec-csv-"));
});
afterAll(() => rm(folder, { recursive: true }));

const columns: readonly Column[] = ["n", "text"].map((name) => ({ name, type: { kind: "string" }, bytesMax: 100 }));

async function read(content: string | Buffer, { firstRow = 0, header = true, name = "rows.csv" } = {}): Promise<readonly string[]> {
  const file = join(folder, name);
  await writeFile(file, content);
  const source = await csv.open({ path: file, header, separator: "," }, columns);
  const items: SourceItem[] = [];
  for await (const batch of source.read(0, firstRow)) items.push(...batch);
  expect(source.bytesRead?.()).toBe(source.splits[0]?.bytes);
  await source.close();
  return items.map((item) => `${item.place}: ${item.kind === "row" ? Object.values(item.row).join("|") : item.reason}`);
}

async function* inPieces(text: string, lengths: readonly number[]): AsyncGenerator<string> {
  let at = 0;
  for (let index = 0; at < text.length; index++) {
    const length = lengths[index % lengths.length];
    yield text.slice(at, at + length);
    at += length;
  }
}

async function recordsOf(pieces: AsyncIterable<string>, separator = ",", lengthMax?: number): Promise<readonly CsvRecord[]> {
  const records: CsvRecord[] = [];
  for await (const found of splitRecords(pieces, separator, lengthMax)) records.push(...found);
  return records;
}

describe("a broken record costs one row", () => {
  test.each([
    ["a quoted cell that goes on behind its quote", 'n,text\n1,"q"q\n2,good\n3,"go\r\nod"\n4,good\n', ["line 2: a quoted cell goes on behind its closing quote", "line 3: 2|good", "line 4: 3|go\r\nod", "line 6: 4|good"]],
    ["a quote within a cell", 'n,text\n1,5" pipe, "x"\n2,good\n', ["line 2: a quote stands in a cell that does not begin with one", "line 3: 2|good"]],
    ["a quote that is never closed", 'n,text\n1,"open\n2,good\n\n3,good\n', ["line 2: a quote is opened and never closed", "line 3: 2|good", "line 5: 3|good"]],
    ["a quote that the next quoted cell seems to close", 'n,text\n1,"open\n2,"good"\n3,good', ["line 2: a quoted cell goes on behind its closing quote", "line 3: 2|good", "line 4: 3|good"]],
    ["the last one, without a line end", 'n,text\n1,good\n2,"open', ["line 2: 1|good", "line 3: a quote is opened and never closed"]],
  ])("%s", async (_, text, wanted) => {
    expect(await read(text)).toEqual(wanted);
    for (const firstRow of [1, 2]) expect(await read(text, { firstRow })).toEqual(wanted.slice(firstRow));
    expect(await read(gzipSync(text), { name: "rows.csv.gz" })).toEqual(wanted);
  });

  test("in a large file, each kind, wherever the buffers end", async () => {
    const lines = Array.from({ length: 200_000 }, (_, index) => (index % 20_011 === 7 ? `${index},"q"q` : index % 30_011 === 8 ? `${index},"open` : index % 3 === 0 ? `${index},"go""od ${index}"` : `${index},good ${index}`));
    const rows = await read(["n,text", ...lines].join("\n"));
    expect(rows.length).toBe(lines.length);
    expect(rows.filter((row) => !row.includes("|")).map((row) => Number(/^line (\d+)/.exec(row)?.[1]) - 2)).toEqual([...lines.keys()].filter((index) => index % 20_011 === 7 || index % 30_011 === 8));
    expect(rows.at(-1)).toBe("line 200001: 199999|good 199999");
  });

  test("a header that is broken is said, not taken for none", async () => {
    await expect(read('n,"te"xt\n1,a\n')).rejects.toThrow("header line cannot be read: a quoted cell goes on behind its closing quote");
    await expect(read("\n")).rejects.toThrow("is empty, a header line is wanted");
  });

  test("a record that is too long is broken, however it comes", async () => {
    const text = `1,"${"x".repeat(40)}"\n2,"${"x\n".repeat(20)}\n3,a\n${"y".repeat(50)}\n4,b`;
    for (const length of [1, 7, 1000]) {
      const records = await recordsOf(inPieces(text, [length]), ",", 30);
      expect(records.map((record) => `${record.line} ${record.kind === "record" ? record.cells.join("|") : record.reason}`)).toEqual([
        "1 the record has more than 30 characters",
        "2 the record has more than 30 characters",
        ...Array.from({ length: 19 }, (_, index) => `${index + 3} x`),
        "23 3|a",
        "24 the record has more than 30 characters",
        "25 4|b",
      ]);
    }
  });
});

test("line ends of all kinds, empty lines and both encodings", async () => {
  const wanted = ["line 3: 1|ü", "line 4: 2|a\r\nb\rc", "line 7: |"];
  const text = '\r\nn,text\r1,ü\n2,"a\r\nb\rc"\r\n"",\r';
  expect(await read(text)).toEqual(wanted);
  expect(await read(`\ufeff${text}`)).toEqual(wanted);
  expect(await read(Buffer.from(`\ufeff${text}`, "utf16le"))).toEqual(wanted);
});

test("an empty separator is refused", async () => {
  await expect(csv.open({ path: folder, header: true, separator: "" }, columns)).rejects.toThrow("the separator is empty");
});

const separator = fc.constantFrom(",", "\t", "||");
const lineEnd = fc.constantFrom("\n", "\r\n");

test("good files are read as csv-parse reads them", async () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "ü", " ", ",", "|", '"', "\n", "\r\n", "\u{1F600}"), maxLength: 6 });
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(table, separator, lineEnd, async (rows, between, end) => {
      const text = rows.map((cells) => cells.map((text) => (/^[aü ]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`)).join(between) + end).join("");
      const records = await recordsOf(inPieces(text, [3]), between);
      const expected: unknown = parse(text, { delimiter: between, record_delimiter: end, relax_column_count: true, skip_empty_lines: true });
      expect(records.map((record) => (record.kind === "record" ? record.cells : record.reason))).toEqual(expected);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("whatever a file holds, the same records come of any pieces, and no line is lost", async () => {
  const text = fc.array(fc.constantFrom("a", "b", ",", "|", "||", '"', '""', "\n", "\r\n", "\r"), { maxLength: 40 }).map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(text, separator, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), fc.constantFrom(4, 12, 1000), async (whole, between, lengths, lengthMax) => {
      const records = await recordsOf(inPieces(whole, [1000]), between, lengthMax);
      expect(await recordsOf(inPieces(whole, lengths), between, lengthMax)).toEqual(records);
      const lines = whole.split(/\r\n|\n|\r/);
      const lastLines = [...records.slice(1).map(({ line }) => line), lines.length + 1];
      records.forEach((record, index) => {
        expect(lines[record.line - 1]).not.toBe("");
        // Between a broken record and the next are empty lines only: it ended with its own first line.
        if (record.kind === "broken") expect(lines.slice(record.line, lastLines[index] - 1).join("")).toBe("");
      });
    }),
    { seed: 1, numRuns: 2000 },
  );
});
