/** Cutting chunks into parts and putting them together again. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../../../runtime/contract/check-value.ts";
import { sourceRowOf } from "../../../runtime/contract/chunk.ts";
import type { Chunk, ParentLevel } from "../../../runtime/contract/chunk.ts";
import { cutParts, joinParts } from "../../../runtime/stage/chunk-parts.ts";
import { makeChunk } from "../../support/make-chunk.ts";

/** Explodes every row of the chunk into as many children as are given, of which those at `dropped` are left out again. */
function explode(chunk: Chunk, step: number, counts: readonly number[], dropped: readonly boolean[]): Chunk {
  const level: ParentLevel = { step, parents: chunk.parents, children: chunk.children, rows: chunk.rows, failed: chunk.rows.map((_, row) => row % 2) };
  const all = chunk.rows.flatMap((row, parent) => Array.from({ length: counts[parent % counts.length] }, (_, child) => ({ row: { ...row, [`child${step}`]: child }, parent, child })));
  const kept = all.filter((_, index) => dropped[index % dropped.length] !== true);
  return { ...chunk, levels: [...chunk.levels, level], rows: kept.map(({ row }) => row), parents: kept.map(({ parent }) => parent), children: kept.map(({ child }) => child) };
}

const arbitraryCounts = fc.array(fc.nat(4), { minLength: 1, maxLength: 5 });
const arbitraryDrops = fc.array(fc.boolean(), { minLength: 1, maxLength: 4 });
const arbitraryChunk = fc.record({ rows: fc.nat(5), outer: arbitraryCounts, inner: fc.option(arbitraryCounts, { nil: undefined }), dropped: fc.tuple(arbitraryDrops, arbitraryDrops) }).map(({ rows, outer, inner, dropped }) => {
  const opened = explode(makeChunk(Array.from({ length: rows }, (_, id) => ({ id }))), 1, outer, dropped[0]);
  return inner === undefined ? opened : explode(opened, 2, inner, dropped[1]);
});
const parts = (chunk: Chunk, chunkRows: number, chunkBytes?: number) => [...cutParts(chunk, { chunkRows, ...(chunkBytes === undefined ? {} : { chunkBytes }) })];

describe("parts of a chunk", () => {
  it("are the chunk when they are put together, of as many rows as were asked for, the last of them marked", () => {
    fc.assert(fc.property(arbitraryChunk, fc.integer({ min: 1, max: 7 }), (chunk, chunkRows) => {
      const cut = parts(chunk, chunkRows);
      expect(joinParts(cut.map((part) => part.chunk))).toEqual(chunk);
      expect(cut.map(({ isLast }) => isLast)).toEqual(cut.map((_, index) => index === cut.length - 1));
      expect(cut.map((part) => part.chunk.rows.length)).toEqual(chunk.rows.length === 0 ? [0] : cut.map((_, index) => Math.min(chunkRows, chunk.rows.length - index * chunkRows)));
    }));
  });

  it("know the source row of each of their rows, and only parents of their own", () => {
    fc.assert(fc.property(arbitraryChunk, fc.integer({ min: 1, max: 7 }), (chunk, chunkRows) => {
      const cut = parts(chunk, chunkRows);
      const rows = cut.flatMap((part) => part.chunk.rows.map((_, index) => sourceRowOf(part.chunk, index)));
      expect(rows).toEqual(chunk.rows.map((_, index) => sourceRowOf(chunk, index)));
      // A parent is in two parts at most at each place where the chunk is cut.
      const parents = cut.reduce((sum, part) => sum + (part.chunk.levels.at(-1)?.rows.length ?? 0), 0);
      expect(parents).toBeLessThanOrEqual((chunk.levels.at(-1)?.rows.length ?? 0) + cut.length - 1);
    }));
  });

  it("end before their rows take more bytes than a chunk may, but never without a row", () => {
    const chunk = explode(makeChunk([{ text: "12345" }, { text: "67890" }]), 1, [3], [false]);
    expect(parts(chunk, 10, 2 * bytesOf(chunk.rows[0])).map((part) => part.chunk.rows.length)).toEqual([2, 2, 2]);
    expect(parts(chunk, 10, 1).map((part) => part.chunk.rows.length)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(parts(chunk, 10)).toHaveLength(1);
  });

  it("keep parents that have no children, and fail a parent where any of its parts failed it", () => {
    const childless = explode(makeChunk([{ id: 0 }, { id: 1 }]), 1, [0], [false]);
    expect(parts(childless, 3).map(({ chunk }) => chunk.levels[0].rows)).toEqual([childless.levels[0].rows]);
    const [first, second] = parts(explode(makeChunk([{ id: 0 }]), 1, [4], [false]), 2).map(({ chunk }) => chunk);
    const failed = { ...second, levels: second.levels.map((level) => ({ ...level, failed: [1] })) };
    expect(joinParts([first, failed]).levels[0].failed).toEqual([1]);
  });

  it("of one row with many children each have that row as their only parent", () => {
    const cut = parts(explode(makeChunk([{ id: 0 }]), 1, [10_000], [false]), 16);
    expect(cut).toHaveLength(625);
    expect(new Set(cut.map(({ chunk }) => chunk.levels[0].rows.length))).toEqual(new Set([1]));
  });

  it("are not made while batches are open", () => {
    expect(() => parts({ ...makeChunk([{ id: 0 }]), batches: [] }, 4)).toThrow(/open/);
  });
});
