import { describe, expect, it } from "vitest";
import type { OpenSource, SourceItem } from "../../../runtime/contract/kernel.ts";
import type { StepSpec } from "../../../runtime/contract/program.ts";
import { createSourceReader } from "../../../runtime/stage/source-reader.ts";
import { createChunkLog } from "../../../runtime/stage/step-context.ts";
import { here } from "../../support/build-pipeline.ts";

const step: Extract<StepSpec, { kind: "read" }> = {
  id: 0, name: "rows", at: here, resources: [], kind: "read", args: () => ({}), columns: [{ name: "id", type: { kind: "scalar", dtype: "i32" }, bytesMax: 4 }],
  source: { open: () => Promise.reject(new Error("opened elsewhere")) },
};

/** Splits of these many rows, given `at` a time; row 1 of each split is bad, row 2 has no number. */
function source(sizes: readonly number[], at: number): OpenSource {
  const item = (row: number): SourceItem => (row === 1 ? { kind: "bad", reason: "torn", place: "line 2" } : { kind: "row", row: { id: row === 2 ? null : row }, place: `line ${row + 1}` });
  return {
    splits: sizes.map((_, split) => ({ path: `${split}.txt`, bytes: 0, modifiedMs: 0 })),
    read: async function* (split) {
      for (let row = 0; row < sizes[split]; row += at) yield Array.from({ length: Math.min(at, sizes[split] - row) }, (_, index) => item(row + index));
    },
    close: async () => {},
  };
}

async function readAll(sizes: readonly number[], at: number): Promise<{ readonly chunks: readonly object[]; readonly failures: readonly object[] }> {
  const reader = createSourceReader(step, source(sizes, at), { chunkRows: 4 });
  const log = createChunkLog();
  const chunks: object[] = [];
  for (let chunk = await reader.next(log); chunk !== undefined; chunk = await reader.next(log)) chunks.push({ ...chunk.id, children: chunk.children, places: chunk.places.length });
  return { chunks, failures: log.failures.map(({ ordinal, split, row, message }) => ({ ordinal, split, row, message })) };
}

describe("a source", () => {
  it("is cut into runs of rows of one split, however it hands them over", async () => {
    const expected = await readAll([5, 0, 4, 1], 1);
    expect(expected.chunks).toEqual([
      { ordinal: 0, split: 0, firstRow: 0, children: [0, 3], places: 4 },
      { ordinal: 1, split: 0, firstRow: 4, children: [0], places: 1 },
      { ordinal: 2, split: 2, firstRow: 0, children: [0, 3], places: 4 },
      { ordinal: 3, split: 3, firstRow: 0, children: [0], places: 1 },
    ]);
    expect(expected.failures.slice(0, 2)).toEqual([
      { ordinal: 0, split: 0, row: 1, message: "torn" },
      { ordinal: 0, split: 0, row: 2, message: "field `id` is null, but its type i32 is not optional" },
    ]);
    for (const at of [2, 3, 4, 7]) expect(await readAll([5, 0, 4, 1], at)).toEqual(expected);
  });

  it("ends a chunk before its rows take more than they may, however it hands them over, and goes on from any chunk alike", async () => {
    const sizes = [3, 4, 2, 9, 30, 1, 1, 1, 1, 1, 6, 5];
    const blobs: typeof step = { ...step, columns: [{ name: "blob", type: { kind: "bytes" }, bytesMax: 64 }] };
    const open = (at: number): OpenSource => ({
      splits: [{ path: "blobs", bytes: 0, modifiedMs: 0 }],
      read: async function* (_split, firstRow) {
        for (let row = firstRow; row < sizes.length; row += at) yield sizes.slice(row, row + at).map((size, index) => ({ kind: "row", row: { blob: new Uint8Array(size) }, place: `${row + index}` }));
      },
      close: async () => {},
    });
    const cut = async (at: number, start?: { readonly chunk: number; readonly split: number; readonly row: number }): Promise<readonly (readonly number[])[]> => {
      const reader = createSourceReader(blobs, open(at), { chunkRows: 4, chunkBytes: 10 }, start);
      const chunks: (readonly number[])[] = [];
      for (let chunk = await reader.next(createChunkLog()); chunk !== undefined; chunk = await reader.next(createChunkLog())) chunks.push(chunk.places.map(Number));
      return chunks;
    };
    const chunks = [[0, 1, 2], [3], [4], [5, 6, 7, 8], [9, 10], [11]];
    for (const at of [1, 2, 3, 5, 12]) expect(await cut(at)).toEqual(chunks);
    for (const [chunk, rows] of chunks.entries()) expect(await cut(2, { chunk, split: 0, row: rows[0] ?? 0 })).toEqual(chunks.slice(chunk));
  });

  it("says how many of a split's bytes are behind a chunk, from wherever it begins, where the source tells what it has read", async () => {
    // Rows of ten bytes, handed over three at a time.
    const open = (rows: number): OpenSource => {
      let bytesRead = 0;
      return {
        splits: [0, 1].map((split) => ({ path: `${split}.txt`, bytes: 10 * rows, modifiedMs: 0 })),
        read: async function* (_split, firstRow) {
          for (let row = firstRow; row < rows; row += 3) {
            bytesRead = 10 * Math.min(rows, row + 3);
            yield Array.from({ length: Math.min(3, rows - row) }, (_, index): SourceItem => ({ kind: "row", row: { id: row + index }, place: "" }));
          }
        },
        bytesRead: () => bytesRead,
        close: async () => {},
      };
    };
    const behind = async (start?: { readonly chunk: number; readonly split: number; readonly row: number }): Promise<readonly (number | undefined)[]> => {
      const reader = createSourceReader(step, open(10), { chunkRows: 4 }, start);
      const bytes: (number | undefined)[] = [];
      while ((await reader.next(createChunkLog())) !== undefined) bytes.push(reader.bytesBehind());
      return bytes;
    };
    expect(await behind()).toEqual([40, 80, 100, 40, 80, 100]);
    expect(await behind({ chunk: 1, split: 0, row: 4 })).toEqual([80, 100, 40, 80, 100]);
    const silent = createSourceReader(step, source([4], 2), { chunkRows: 4 });
    await silent.next(createChunkLog());
    expect(silent.bytesBehind()).toBeUndefined();
  });
});
