/** What emitted programs call beside arithmetic: params, resources, externs, tables, records, checks. */
import { describe, expect, it } from "vitest";
import { conform, findRowFault, printColumnType } from "../../../runtime/contract/check-value.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import { defineProgram } from "../../../runtime/contract/define-program.ts";
import { extern } from "../../../runtime/contract/extern.ts";
import { JobError } from "../../../runtime/contract/kernel.ts";
import type { SourceItem, SourceKernel } from "../../../runtime/contract/kernel.ts";
import { defineParams } from "../../../runtime/contract/params.ts";
import { inRange, pick } from "../../../runtime/contract/records.ts";
import { resource } from "../../../runtime/contract/resource.ts";
import { loadTable } from "../../../runtime/contract/table.ts";
import { valueKey } from "../../../runtime/contract/value-key.ts";

const code: Column = { name: "code", type: { kind: "string" }, bytesMax: 5 };
const tax: Column = { name: "tax", type: { kind: "optional", inner: { kind: "scalar", dtype: "f32" } }, bytesMax: 4 };

describe("params", () => {
  const params = defineParams({ input: { doc: "", type: { kind: "uri" } }, mode: { doc: "", type: { kind: "choice", choices: ["a", "b"] }, fixed: "a" } });
  const program = defineProgram({ name: "p", sourceFile: "p.pipe", doc: "", params, pipelines: [] });

  it("have values once they are set; fixed ones cannot be", () => {
    expect(() => params.input).toThrow(/before it was set/);
    program.setParams({ input: "here", mode: "b" });
    const mode: "a" | "b" = params.mode;
    expect([params.input, mode]).toEqual(["here", "a"]);
    expect(program.params.map((param) => param.name)).toEqual(["input", "mode"]);
  });
});

describe("a resource", () => {
  it("is loaded once, and not read before", async () => {
    let loads = 0;
    const words = resource("words", async () => [`load ${++loads}`]);
    expect(() => words.value).toThrow(/before it was loaded/);
    await Promise.all([words.load(), words.load()]);
    expect(words.value).toEqual(["load 1"]);
  });

  it("that cannot be loaded is the job's fault", async () => {
    const broken = resource("words", () => Promise.reject(new Error("no such file")));
    await expect(broken.load()).rejects.toThrow(expect.objectContaining({ code: "R0147", message: "words cannot be loaded: no such file" }));
  });
});

describe("an extern", () => {
  it("gives values made to fit its declared type", async () => {
    const halve = extern("halve", (x: number) => x / 2, { result: { kind: "scalar", dtype: "i64" } });
    expect(await halve(8)).toBe(4n);
    await expect(halve(3)).rejects.toThrow("the result of `halve` is 1.5, but its type is i64");
  });

  it("that does not answer in time fails its row", async () => {
    const sleepy = extern("sleepy", () => new Promise<string>(() => {}), { result: { kind: "string" }, timeoutMs: 5 });
    await expect(sleepy()).rejects.toThrow("`sleepy` did not answer within 5 ms");
  });

  it("may leave optional fields undefined and round numbers", () => {
    expect(conform({ kind: "record", fields: [code, tax] }, { code: "x", tax: 0.1 }, "f")).toEqual({ code: "x", tax: Math.fround(0.1) });
    expect(conform({ kind: "record", fields: [code, tax] }, { code: "x" }, "f")).toEqual({ code: "x", tax: null });
    expect(() => conform({ kind: "list", element: code.type }, ["a", 3], "`f`")).toThrow("the result of `f` at [1] is 3, but its type is string");
  });
});

describe("checks of rows", () => {
  const pixels: Column = { name: "pixels", type: { kind: "tensor", dtype: "u8", shape: [null, 2] }, bytesMax: 4 };
  const bytes = (rows: number, columns: number): Record<string, { dtype: "u8"; shape: number[]; data: Uint8Array }> => ({ pixels: { dtype: "u8", shape: [rows, columns], data: new Uint8Array(rows * columns) } });

  it("say which field is wrong and why", () => {
    expect(findRowFault([pixels], bytes(2, 2))).toBeUndefined();
    expect(findRowFault([pixels], bytes(2, 3))).toBe("field `pixels` is tensor<u8>[2, 3], but its type is tensor<u8>[_, 2]");
    expect(findRowFault([pixels], bytes(3, 2))).toBe("field `pixels` takes 6 bytes, at most 4 are allowed");
    expect(findRowFault([code], {})).toBe("field `code` is missing");
    const [front, back] = ["front", "back"].map((name): Column => ({ name, type: { kind: "bytes" }, bytesMax: 10, sharesRowMax: true }));
    expect(findRowFault([front, code, back], { front: new Uint8Array(6), code: "x", back: new Uint8Array(4) })).toBeUndefined();
    expect(findRowFault([front, code, back], { front: new Uint8Array(6), code: "x", back: new Uint8Array(5) })).toBe(
      "fields `front`, `back` take 11 bytes together, at most 10 are allowed; the pipeline's setting `row_max` raises the default",
    );
    expect(findRowFault([code, tax], { code: "x", tax: null })).toBeUndefined();
    expect(printColumnType({ kind: "record", fields: [code, tax] })).toBe("{ code: string, tax: f32? }");
  });
});

describe("a lookup table", () => {
  const rows = (...items: readonly SourceItem[]): SourceKernel => ({
    open: async () => ({
      splits: [{ path: "ports.csv", bytes: 1, modifiedMs: 0 }],
      read: async function* () {
        yield items;
      },
      close: async () => {},
    }),
  });
  const port = (name: string, place: string): SourceItem => ({ kind: "row", row: { code: name, tax: 1 }, place });

  it("finds rows by key, after its steps", async () => {
    const table = await loadTable({
      source: rows(port("a", "line 1"), port("b", "line 2")), args: {}, columns: [code, tax],
      steps: [{ kind: "map", row: (row) => ({ ...row, tax: 2 }) }, { kind: "filter", keep: async (row) => row.code !== "b" }],
      key: (row) => row.code,
    });
    expect(table.get("a")).toEqual({ code: "a", tax: 2 });
    expect([table.get("b"), table.has("a"), table.has("b")]).toEqual([null, true, false]);
  });

  it("refuses two rows of one key, and rows that are bad, naming their places", async () => {
    const load = (...items: readonly SourceItem[]): Promise<unknown> => loadTable({ source: rows(...items), args: {}, columns: [code, tax], steps: [], key: (row) => row.code });
    await expect(load(port("a", "line 1"), port("a", "line 9"))).rejects.toThrow("two rows have the key a: ports.csv, line 1 and ports.csv, line 9");
    await expect(load({ kind: "bad", reason: "no number", place: "line 3" })).rejects.toThrow(new JobError("R0147", "ports.csv, line 3: no number"));
  });
});

describe("small parts", () => {
  it("keys tell values apart", () => {
    expect(valueKey(["a", "bc"])).not.toBe(valueKey(["ab", "c"]));
    expect(valueKey(null)).not.toBe(valueKey("null"));
    expect(valueKey(["1"])).not.toBe(valueKey([1]));
    expect(valueKey({ a: null })).toBe(valueKey({ a: null }));
  });

  it("pick and ranges", () => {
    expect(pick({ a: 1, b: 2 }, ["b"])).toEqual({ b: 2 });
    expect([inRange(1n, { low: 1n, high: 2n }), inRange(3, { low: 1, high: 2 })]).toEqual([true, false]);
  });
});
