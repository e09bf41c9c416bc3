/** What other readers make of our Parquet files: each type, its ends and null, read by Arrow's implementation in Rust. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import type { Table } from "apache-arrow";
import { readParquet } from "parquet-wasm/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ColumnType } from "../../../runtime/contract/column.ts";
import type { Dtype, Value } from "../../../runtime/contract/value.ts";
import { parquet } from "./kernel.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pipec-parquet-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function writeAndRead(type: ColumnType, values: readonly Value[]): Promise<Table> {
  const file = join(folder, "file.parquet");
  const open = await parquet.open({ file, columns: [{ name: "v", type, bytesMax: 1000 }], args: { compression: "zstd", rows_per_group: 2n } });
  await open.append(values.map((v) => ({ v })));
  await open.close();
  return tableFromIPC(readParquet(new Uint8Array(await readFile(file))).intoIPCStream());
}

const typeIn = (table: Table): string => String(table.schema.fields[0]?.type);
const valuesIn = (table: Table): readonly unknown[] => table.toArray().map((row) => plain(row.v));

/** Vectors of Arrow as arrays. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  if ("toArray" in value && typeof value.toArray === "function") return Array.from(value.toArray(), plain);
  return value;
}

const scalars: readonly (readonly [dtype: Exclude<Dtype, "string">, readAs: string, values: readonly Value[]])[] = [
  ["bool", "Bool", [true, false, true]],
  ["i8", "Int8", [-128, 0, 127]],
  ["i16", "Int16", [-32768, 0, 32767]],
  ["i32", "Int32", [-(2 ** 31), 0, 2 ** 31 - 1]],
  ["i64", "Int64", [-(2n ** 63n), 0n, 2n ** 63n - 1n]],
  ["u8", "Uint8", [0, 1, 255]],
  ["u16", "Uint16", [0, 1, 65535]],
  ["u32", "Uint32", [0, 1, 2 ** 32 - 1]],
  ["u64", "Uint64", [0n, 1n, 2n ** 64n - 1n]],
  ["f16", "Float16", [-65504, 0.5, Infinity]],
  ["bf16", "Float32", [-1.5, 0, 2 ** 100]],
  ["f32", "Float32", [-1.5, 0, Math.fround(0.1)]],
  ["f64", "Float64", [-1.5, 0, 0.1]],
];

describe("other readers", () => {
  test.each(scalars)("read %s as %s", async (dtype, readAs, values) => {
    const table = await writeAndRead({ kind: "scalar", dtype }, values);
    expect([typeIn(table), valuesIn(table)]).toEqual([readAs, values]);
  });

  test.each(scalars)("read %s? with null", async (dtype, readAs, values) => {
    const table = await writeAndRead({ kind: "optional", inner: { kind: "scalar", dtype } }, [null, ...values]);
    expect([typeIn(table), valuesIn(table)]).toEqual([readAs, [null, ...values]]);
  });

  test.each(scalars.filter(([dtype]) => dtype !== "f16"))("read lists of %s", async (dtype, _readAs, values) => {
    const table = await writeAndRead({ kind: "list", element: { kind: "scalar", dtype } }, [values, []]);
    expect(valuesIn(table)).toEqual([values, []]);
  });

  test("read lists of f16 (whose bits Arrow for JavaScript gives)", async () => {
    const table = await writeAndRead({ kind: "list", element: { kind: "scalar", dtype: "f16" } }, [[-65504, 0.5, Infinity], []]);
    expect(valuesIn(table)).toEqual([[0xfbff, 0x3800, 0x7c00], []]);
  });

  test("read text and bytes", async () => {
    const text = await writeAndRead({ kind: "string" }, ["", "a\0b", "🙂"]);
    expect([typeIn(text), valuesIn(text)]).toEqual(["Utf8", ["", "a\0b", "🙂"]]);
    const bytes = await writeAndRead({ kind: "bytes" }, [new Uint8Array([0, 255])]);
    expect([typeIn(bytes), valuesIn(bytes)]).toEqual(["Binary", [new Uint8Array([0, 255])]]);
  });

  test("read tensors as lists of lists, and records with what is in them", async () => {
    const tensor = await writeAndRead({ kind: "tensor", dtype: "u8", shape: [2, null] }, [{ dtype: "u8", shape: [2, 2], data: new Uint8Array([1, 2, 3, 255]) }]);
    expect(valuesIn(tensor)).toEqual([[[1, 2], [3, 255]]]);
    const record = await writeAndRead({ kind: "record", fields: [{ name: "small", type: { kind: "scalar", dtype: "i8" }, bytesMax: 1 }, { name: "word", type: { kind: "string" }, bytesMax: 10 }] }, [{ small: -1, word: "x" }]);
    expect(JSON.stringify(record.toArray())).toBe('[{"v":{"small":-1,"word":"x"}}]');
  });
});
