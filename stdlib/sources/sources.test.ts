/**
 * What every source promises, tried on each in the registry that reads tables, through files that the sinks
 * wrote; then each format's own rules.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Column } from "../../runtime/contract/column.ts";
import type { OpenSource, SinkKernel, SourceItem, SourceKernel } from "../../runtime/contract/kernel.ts";
import type { Row } from "../../runtime/contract/value.ts";
import { csv } from "./csv/kernel.ts";
import { files } from "./files/kernel.ts";
import { images } from "./images/kernel.ts";
import { jsonl } from "./jsonl/kernel.ts";
import { parquet } from "./parquet/kernel.ts";
import { listTables } from "../support/list-input.ts";
import { csv as csvSink } from "../sinks/csv/kernel.ts";
import { jsonl as jsonlSink } from "../sinks/jsonl/kernel.ts";
import { parquet as parquetSink } from "../sinks/parquet/kernel.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pipec-sources-"));
});
afterAll(() => rm(folder, { recursive: true }));

const columns: readonly Column[] = [
  { name: "id", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8, outsideName: "row id" },
  { name: "name", type: { kind: "optional", inner: { kind: "string" } }, bytesMax: 100 },
  { name: "score", type: { kind: "scalar", dtype: "f32" }, bytesMax: 4 },
  { name: "good", type: { kind: "scalar", dtype: "bool" }, bytesMax: 1 },
];
const rows: readonly Row[] = Array.from({ length: 25 }, (_, index) => ({
  id: BigInt(index) * 2n ** 40n,
  name: index % 3 === 0 ? null : `row ${index}, "quoted"\u2028 ü`,
  score: Math.fround(index / 7),
  good: index % 2 === 0,
}));

async function all(source: OpenSource, firstRow = 0): Promise<readonly SourceItem[]> {
  const items: SourceItem[] = [];
  for (let split = 0; split < source.splits.length; split++) {
    for await (const batch of source.read(split, firstRow)) items.push(...batch);
  }
  return items;
}

const good = (items: readonly SourceItem[]) => items.flatMap((item) => (item.kind === "row" ? [item.row] : []));
const bad = (items: readonly SourceItem[]) => items.flatMap((item) => (item.kind === "bad" ? [`${item.place}: ${item.reason}`] : []));

interface Format {
  readonly name: string;
  readonly source: SourceKernel;
  readonly sink: SinkKernel;
  readonly sourceArgs: Row;
  readonly sinkArgs: Row;
}

const formats: readonly Format[] = [
  { name: "parquet", source: parquet, sink: parquetSink, sourceArgs: {}, sinkArgs: { compression: "zstd", rows_per_group: 10n } },
  { name: "jsonl", source: jsonl, sink: jsonlSink, sourceArgs: {}, sinkArgs: {} },
  { name: "csv", source: csv, sink: csvSink, sourceArgs: { header: true, separator: "," }, sinkArgs: { header: true, separator: "," } },
];

describe.each(formats)("$name", ({ name, source, sink, sourceArgs, sinkArgs }) => {
  const write = async (file: string, written: readonly Row[]) => {
    const open = await sink.open({ file, columns, args: sinkArgs });
    await open.append(written.slice(0, 7));
    await open.append(written.slice(7));
    return open.close();
  };
  const openSource = (path: string, wanted: readonly Column[] = columns) => source.open({ path, ...sourceArgs }, wanted);

  test("reads back what its sink wrote, from any row on, twice the same", async () => {
    const file = join(folder, `rows.${name}`);
    const { bytes } = await write(file, rows);
    const open = await openSource(file);
    expect(open.splits.map((split) => split.bytes)).toEqual([bytes]);
    expect(good(await all(open))).toEqual(rows);
    expect(good(await all(open, 13))).toEqual(rows.slice(13));
    expect(await all(open)).toEqual(await all(open));
    await open.close();
  });

  test("zero rows are zero rows", async () => {
    const file = join(folder, `empty.${name}`);
    await write(file, []);
    expect(await all(await openSource(file))).toEqual([]);
  });

  test("a folder is read in code unit order of its files", async () => {
    const inner = join(folder, `many-${name}`);
    await mkdir(join(inner, "_errors"), { recursive: true });
    await write(join(inner, `b.${name}`), rows.slice(2, 3));
    await write(join(inner, `B.${name}`), rows.slice(1, 2));
    await write(join(inner, `a.${name}`), rows.slice(0, 1));
    await write(join(inner, "_errors", `x.${name}`), rows.slice(4, 5));
    await write(join(inner, `_x.${name}`), rows.slice(4, 5));
    const ids = (items: readonly SourceItem[]) => good(items).map((row) => Number(row.id) / 2 ** 40);
    expect(ids(await all(await openSource(inner)))).toEqual([1, 0, 2]);
    expect(ids(await all(await openSource(join(inner, `[ab].${name}`))))).toEqual([0, 2]);
  });

  test("names that look like patterns but are there mean themselves", async () => {
    const odd = join(folder, "odd (1)", "a[0]");
    await mkdir(odd, { recursive: true });
    for (const name of ["x[1].jsonl", "y (2).jsonl"]) await writeFile(join(odd, name), "");
    const listed = async (path: string): Promise<readonly string[]> => (await listTables(path, [".jsonl"])).map((file) => file.file.slice(odd.length + 1));
    expect(await listed(join(odd, "x[1].jsonl"))).toEqual(["x[1].jsonl"]);
    expect(await listed(odd)).toEqual(["x[1].jsonl", "y (2).jsonl"]);
    expect(await listed(join(odd, "*.jsonl"))).toEqual(["x[1].jsonl", "y (2).jsonl"]);
    expect(await listed(join(folder, "odd*", "*", "y*"))).toEqual(["y (2).jsonl"]);
  });

  test("missing input is one clear message", async () => {
    await expect(openSource(join(folder, "nowhere"))).rejects.toThrow(`${join(folder, "nowhere")} does not exist`);
    await mkdir(join(folder, `hollow-${name}`), { recursive: true });
    await expect(openSource(join(folder, `hollow-${name}`))).rejects.toThrow("files to read");
    await expect(openSource("s3://bucket/x")).rejects.toThrow("only files on this machine");
  });
});

test.each(["jsonl", "csv", "jsonl.gz", "csv.gz"])("%s says how many of its bytes are read, which its rows are not counted for", async (name) => {
  const isTable = name.startsWith("csv");
  const file = join(folder, `long.${name}`);
  const text = `${isTable ? "n\n" : ""}${Array.from({ length: 200_000 }, (_, n) => (isTable ? `${n}\n` : `{"n":${n}}\n`)).join("")}`;
  await writeFile(file, name.endsWith(".gz") ? gzipSync(text) : text);
  const source = isTable ? csv : jsonl;
  const open = await source.open({ path: file, header: true, separator: "," }, [{ name: "n", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8 }]);
  const told: number[] = [];
  for await (const batch of open.read(0, 0)) if (batch.length > 0) told.push(open.bytesRead?.() ?? -1);
  expect(told.length).toBeGreaterThan(2);
  expect(told.toSorted((a, b) => a - b)).toEqual(told);
  expect(told[0]).toBeGreaterThan(0);
  expect(told.at(-1)).toBe(open.splits[0]?.bytes);
  await open.close();
});

describe("what a file lacks is said before the first row", () => {
  test.each(formats.filter((format) => format.name !== "jsonl"))("$name", async ({ name, source, sourceArgs }) => {
    const wanted: readonly Column[] = [{ name: "nope", type: { kind: "string" }, bytesMax: 10 }];
    await expect(source.open({ path: join(folder, `rows.${name}`), ...sourceArgs }, wanted)).rejects.toThrow('has no column "nope"; it has');
  });
  test("parquet types", async () => {
    const wanted: readonly Column[] = [{ name: "id", outsideName: "row id", type: { kind: "scalar", dtype: "i32" }, bytesMax: 4 }];
    await expect(parquet.open({ path: join(folder, "rows.parquet") }, wanted)).rejects.toThrow("it is INT64, the program wants i32");
  });
  test.each([
    ["DECIMAL", { converted_type: "DECIMAL", precision: 9, scale: 2 }],
    ["FLOAT16", { logical_type: { type: "FLOAT16" } }],
  ] as const)("a parquet column of bytes that mean a number: %s", async (name, element) => {
    const file = join(folder, `${name}.parquet`);
    const [schema, data] = [[{ name: "root", num_children: 1 }, { name: "b", type: "FIXED_LEN_BYTE_ARRAY", type_length: 2, repetition_type: "REQUIRED", ...element }], name === "DECIMAL" ? [1.5] : [0.5]] as const;
    await writeFile(file, new Uint8Array(parquetWriteBuffer({ schema: [...schema], columnData: [{ name: "b", data: [...data] }] })));
    for (const kind of ["bytes", "string"] as const) {
      await expect(parquet.open({ path: file }, [{ name: "b", type: { kind }, bytesMax: 10 }])).rejects.toThrow(`column "b": it is ${name}, the program wants ${kind === "bytes" ? "bytes" : "a string"}`);
    }
  });
  test("a file that is no Parquet file", async () => {
    await writeFile(join(folder, "fake.parquet"), "not parquet at all, but long enough to be read");
    await expect(parquet.open({ path: join(folder, "fake.parquet") }, columns)).rejects.toThrow("fake.parquet is not a Parquet file that can be read");
  });
});

describe("bad rows are named by place and leave the others alone", () => {
  test("jsonl", async () => {
    const lines = ['{"row id": 1, "score": 2, "good": true}', "", "{", "[1]", '{"row id": 9007199254740993, "score": 1, "good": true}', '{"row id": 2.5, "score": 1, "good": true}', '{"row id": "9007199254740993", "score": 1, "good": true, "extra": 1}'];
    await writeFile(join(folder, "bad.jsonl.gz"), gzipSync(lines.join("\n")));
    const items = await all(await jsonl.open({ path: join(folder, "bad.jsonl.gz") }, columns));
    expect(good(items).map((row) => row.id)).toEqual([1n, 9007199254740993n]);
    expect(bad(items).map((text) => text.slice(0, 45))).toEqual([
      expect.stringMatching(/^line 3: /),
      "line 4: the line is not a JSON object",
      "line 5: row id is beyond 2^53, where JSON num",
      "line 6: row id is 2.5, a whole number is want",
    ]);
  });
  test("csv", async () => {
    await writeFile(join(folder, "bad.csv"), 'row id,name,score,good\n1,a,2,true\n2,b,3\nx,c,1,false\n3,"d\nd",,true\n4,"e""e",1e3,0\n');
    const items = await all(await csv.open({ path: join(folder, "bad.csv"), header: true, separator: "," }, columns));
    expect(good(items)).toEqual([
      { id: 1n, name: "a", score: 2, good: true },
      { id: 4n, name: 'e"e', score: 1000, good: false },
    ]);
    expect(bad(items)).toEqual([
      "line 3: the line has 3 cells, the first line has 4",
      'line 4: row id is the string "x", a number is wanted (i64)',
      "line 5: score is empty, and its type is not optional",
    ]);
  });
  test.each(["f16", "f32", "f64", "i64"] as const)("numbers too large for %s, but not infinity in words", async (dtype) => {
    const wanted: readonly Column[] = [{ name: "x", type: { kind: "scalar", dtype }, bytesMax: 8 }];
    await writeFile(join(folder, "large.jsonl"), `{"x": 1e400}\n{"x": -1e400}\n{"x": 1${"0".repeat(400)}}\n{"x": "1${"0".repeat(400)}"}\n{"x": 7, "other": 1e400}\n`);
    const items = await all(await jsonl.open({ path: join(folder, "large.jsonl") }, wanted));
    expect(good(items).map((row) => Number(row.x))).toEqual([7]);
    expect(bad(items).slice(0, 3)).toEqual([1, 2, 3].map((line) => `line ${line}: x is a number that does not fit ${dtype}`));

    await writeFile(join(folder, "large.csv"), `x\n1e400\n-1e400\n1${"0".repeat(400)}\n7\nInfinity\n-Infinity\n`);
    const cells = await all(await csv.open({ path: join(folder, "large.csv"), header: true, separator: "," }, wanted));
    const isFloat = dtype !== "i64";
    expect(good(cells).map((row) => Number(row.x))).toEqual(isFloat ? [7, Infinity, -Infinity] : [7]);
    expect(bad(cells).slice(0, 3).map((text) => text.replace(/0{400}/, "0…"))).toEqual(["1e400", "-1e400", "10…"].map((text, index) => `line ${index + 2}: x is ${text}, which does not fit ${dtype}`));
  });
  test("numbers too large in lists of numbers", async () => {
    await writeFile(join(folder, "lists.jsonl"), '{"v": [1, 1e400]}\n');
    const wanted: readonly Column[] = [{ name: "v", type: { kind: "tensor", dtype: "f32", shape: [2] }, bytesMax: 8 }];
    expect(bad(await all(await jsonl.open({ path: join(folder, "lists.jsonl") }, wanted)))).toEqual(["line 1: v is a number that does not fit f32"]);
  });
  test("parquet: null where none may be", async () => {
    const nullable: readonly Column[] = [{ name: "name", type: { kind: "optional", inner: { kind: "string" } }, bytesMax: 10 }];
    const open = await parquetSink.open({ file: join(folder, "null.parquet"), columns: nullable, args: { compression: "none", rows_per_group: 10n } });
    await open.append([{ name: "a" }, { name: null }]);
    await open.close();
    const items = await all(await parquet.open({ path: join(folder, "null.parquet") }, [{ name: "name", type: { kind: "string" }, bytesMax: 10 }]));
    expect(bad(items)).toEqual(["row 1: name is null, and its type is not optional"]);
  });
});

describe("parquet holds what rows hold", () => {
  const rich: readonly Column[] = [
    { name: "v", type: { kind: "tensor", dtype: "f32", shape: [3] }, bytesMax: 12 },
    { name: "m", type: { kind: "tensor", dtype: "i64", shape: [null, 2] }, bytesMax: 100 },
    { name: "b", type: { kind: "bytes" }, bytesMax: 10 },
    { name: "l", type: { kind: "list", element: { kind: "string" } }, bytesMax: 100 },
    { name: "r", type: { kind: "record", fields: [{ name: "x", type: { kind: "scalar", dtype: "u64" }, bytesMax: 8 }] }, bytesMax: 8 },
    { name: "h", type: { kind: "scalar", dtype: "f16" }, bytesMax: 2 },
    { name: "o", type: { kind: "optional", inner: { kind: "tensor", dtype: "f32", shape: [1] } }, bytesMax: 4 },
  ];
  const row = (m: bigint[]): Row => ({
    v: { dtype: "f32", shape: [3], data: Float32Array.of(1, 2, 3) },
    m: { dtype: "i64", shape: [m.length / 2, 2], data: BigInt64Array.from(m) },
    b: Uint8Array.of(0, 255),
    l: ["a", ""],
    r: { x: 2n ** 64n - 1n },
    h: 0.5,
    o: m.length === 2 ? null : { dtype: "f32", shape: [1], data: Float32Array.of(7) },
  });

  test.each(["zstd", "snappy", "gzip", "none"])("%s", async (compression) => {
    const file = join(folder, `rich-${compression}.parquet`);
    const written = [row([1n, 2n]), row([1n, 2n, 3n, 4n])];
    const open = await parquetSink.open({ file, columns: rich, args: { compression, rows_per_group: 10n } });
    await open.append(written);
    await open.close();
    expect(good(await all(await parquet.open({ path: file }, rich)))).toEqual(written);
  });
});

test("parquet gives the bytes of what a column holds, whatever they mean to others", async () => {
  const file = join(folder, "texts.parquet");
  const texts = ["abcd", "ü, \"quoted\"", ""];
  const uuid = "00112233-4455-6677-8899-aabbccddeeff";
  await writeFile(file, new Uint8Array(parquetWriteBuffer({
    columnData: [
      { name: "text", data: texts, type: "STRING" },
      { name: "again", data: ["same", "same", "same"], type: "STRING" },
      { name: "json", data: [{ a: 1 }, [2], "x"], type: "JSON" },
      { name: "uuid", data: [uuid, uuid, uuid], type: "UUID" },
    ],
  })));
  const read = async (kind: "bytes" | "string", names: readonly string[]) => good(await all(await parquet.open({ path: file }, names.map((name) => ({ name, type: { kind }, bytesMax: 20 })))));
  expect(await read("string", ["text", "again", "json"])).toEqual(texts.map((text, index) => ({ text, again: "same", json: ['{"a":1}', "[2]", '"x"'][index] })));
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  const mixed = await parquet.open({ path: file }, [{ name: "text", type: { kind: "string" }, bytesMax: 20 }, { name: "again", type: { kind: "optional", inner: { kind: "bytes" } }, bytesMax: 20 }]);
  expect(good(await all(mixed))).toEqual(texts.map((text) => ({ text, again: utf8("same") })));
  expect(await read("bytes", ["text", "again", "json", "uuid"])).toEqual(texts.map((text, index) => ({ text: utf8(text), again: utf8("same"), json: utf8(['{"a":1}', "[2]", '"x"'][index]), uuid: Uint8Array.from(Buffer.from(uuid.replaceAll("-", ""), "hex")) })));
});

test("images gives path and bytes, in order, hidden files left out", async () => {
  const inner = join(folder, "pictures");
  await mkdir(join(inner, "sub"), { recursive: true });
  for (const name of ["b.PNG", "a.jpg", ".hidden.png", "notes.txt", "sub/c.webp", "_DSC0001.JPG", "_SUCCESS"]) await writeFile(join(inner, name), name);
  const open = await images.open({ path: inner }, []);
  expect(open.splits).toMatchObject([{ rows: 4 }]);
  expect(good(await all(open)).map((row) => row.path)).toEqual(["_DSC0001.JPG", "a.jpg", "b.PNG", "sub/c.webp"]);
  expect(good(await all(await files.open({ path: inner }, []))).map((row) => row.path)).toEqual(["_DSC0001.JPG", "a.jpg", "b.PNG", "notes.txt", "sub/c.webp"]);
  expect(good(await all(open, 3))).toEqual([{ path: "sub/c.webp", bytes: new TextEncoder().encode("sub/c.webp") }]);
});

test.each(["longer", "as long"])("a picture that changes after the list was made (%s) gives rows of neither", async (text) => {
  const inner = join(folder, `changing-${text}`);
  await mkdir(inner);
  for (const name of ["a.jpg", "b.jpg"]) await writeFile(join(inner, name), "at first");
  await utimes(join(inner, "b.jpg"), 1e9, 1e9);
  const open = await images.open({ path: inner }, []);
  expect(good(await all(open)).length).toBe(2);
  await writeFile(join(inner, "b.jpg"), text.padEnd(text === "longer" ? 9 : 8));
  await expect(all(open)).rejects.toMatchObject({ code: "R0143", message: expect.stringMatching(/b\.jpg has changed since the run began/) });
  await rm(join(inner, "b.jpg"));
  await expect(all(open)).rejects.toMatchObject({ code: "R0143", message: expect.stringMatching(/b\.jpg does not exist, though it did/) });
});

test.skipIf(process.platform === "win32")("a pipe is refused at once: waiting for its writer could not be ended", async () => {
  const pipe = join(folder, "in.jsonl");
  execFileSync("mkfifo", [pipe]);
  await expect(jsonl.open({ path: pipe }, columns)).rejects.toThrow("in.jsonl is a pipe or a device");
});
