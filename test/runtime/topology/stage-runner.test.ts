/** One stage in this thread: chunks that are cut, parts that are passed on and put together, and faults on the way. */
import { describe, expect, it } from "vitest";
import { encodeChunk, voidChunk } from "../../../runtime/channel/chunk-codec.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import { jobError } from "../../../runtime/contract/failures.ts";
import { JobError, RowError } from "../../../runtime/contract/kernel.ts";
import type { SinkSpec, StepSpec } from "../../../runtime/contract/program.ts";
import { BEGINNING } from "../../../runtime/contract/stage-parts.ts";
import type { Value } from "../../../runtime/contract/value.ts";
import { edgeSchema } from "../../../runtime/topology/edge-schema.ts";
import { openStage, runAllParts } from "../../../runtime/topology/stage-runner.ts";
import type { StageRunner } from "../../../runtime/topology/stage-runner.ts";
import { jsonl } from "../../../stdlib/sinks/jsonl/kernel.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";
import { makeChunk } from "../../support/make-chunk.ts";
import { numbers } from "../../support/programs/numbers-source.ts";

const base = { at: here, resources: [] };
const list: Column = { name: "list", type: { kind: "list", element: { kind: "string" } }, bytesMax: 100 };
const item: Column = { name: "item", type: { kind: "string" }, bytesMax: 100 };

function failAt(value: Value | undefined, wanted: string, error: Error): void {
  if (value === wanted) throw error;
}

const steps: readonly StepSpec[] = [
  { ...base, id: 0, name: "rows", kind: "read", source: numbers, args: () => ({}), columns: [list] },
  { ...base, id: 1, name: "each", kind: "explode", input: 0, carried: [], childrenMax: 100, columns: [item], fields: (row) => {
    failAt(Array.isArray(row.list) ? row.list[0] : undefined, "whole", jobError("R0143", "it has changed"));
    return { item: row.list };
  } },
  { ...base, id: 2, name: "marked", kind: "map", input: 1, concurrency: 1, columns: [item], row: (row) => {
    failAt(row.item, "part", jobError("R0143", "it has changed"));
    failAt(row.item, "row", new RowError("torn"));
    return { item: `${String(row.item)}!` };
  } },
  { ...base, id: 3, name: "again", kind: "map", input: 2, concurrency: 1, columns: [item], row: (row) => ({ item: `${String(row.item)}?` }) },
  { ...base, id: 4, name: "joined", kind: "implode", input: 3, carried: [], columns: [item], aggregates: [{ name: "item", of: (row) => row.item, args: () => ({}), kernel: { start: () => "", step: (state, value) => `${state}${value}`, finish: (state) => String(state) } }] },
];

const sink: SinkSpec = { id: 0, label: "rows", at: here, step: 4, kernel: jsonl, args: () => ({}), partitionBy: [], partitionsMax: 1 };
const given = buildPipeline({ name: "p", steps, stages: [{ steps: [0] }, { steps: [1, 2] }, { steps: [3] }, { steps: [4] }], sinks: [sink], chunkRows: 2 });

const open = (stage: number): Promise<StageRunner> => openStage(given, given.stages[stage], { backend: { open: () => Promise.reject(new Error("no model here")) }, isStopped: () => false });
const chunkOf = (...lists: readonly (readonly string[])[]) => encodeChunk(0, edgeSchema(given, given.edges[0]), makeChunk(lists.map((own) => ({ list: own }))));

describe("a stage that cuts", () => {
  it("takes the chunk in, and gives parts one by one", async () => {
    const stage = await open(1);
    const begun = await stage.run([chunkOf(["a", "b", "c"], [], ["d"])]);
    expect([begun?.part, begun?.isLast, begun?.messages, begun?.report.rowsIn]).toEqual([BEGINNING, false, [], 3]);
    const [first, second] = [await stage.next(0), await stage.next(0)];
    expect([first, second].map(({ part, isLast, report }) => [part, isLast, report.rowsIn, report.rowsOut])).toEqual([[0, false, 0, 2], [1, true, 0, 2]]);
    await expect(stage.next(0)).rejects.toThrow(/come to its end/);
  });

  it("gives one empty part of a chunk without children", async () => {
    const stage = await open(1);
    await stage.run([chunkOf([], [])]);
    const only = await stage.next(0);
    expect([only.part, only.isLast, only.report.rowsOut]).toEqual([0, true, 0]);
  });

  it("tells a fault when its first part is asked for, and is through with the chunk then", async () => {
    const stage = await open(1);
    expect((await stage.run([chunkOf(["whole"])]))?.part).toBe(BEGINNING);
    await expect(stage.next(0)).rejects.toThrow(JobError);
    await stage.run([chunkOf(["a", "b", "part"])]);
    await stage.next(0);
    await expect(stage.next(0)).rejects.toThrow(JobError);
    await expect(stage.next(0)).rejects.toThrow(/was not begun/);
  });

  it("gives a void part for a void chunk", async () => {
    const stage = await open(1);
    await stage.run([voidChunk(0, { ordinal: 0, split: 0, firstRow: 0 })]);
    expect((await stage.next(0)).messages).toMatchObject([{ isVoid: true, part: 0, isLast: true }]);
  });
});

it("parts that are passed on come together, without the row that failed in one of them and without its parent", async () => {
  const [cutting, passing, joining] = [await open(1), await open(2), await open(3)];
  const cut = await runAllParts(cutting, [chunkOf(["a", "b", "c"], ["d", "row"], ["e"])]);
  expect(cut?.messages.map(({ part, isLast }) => [part, isLast])).toEqual([[0, false], [1, false], [2, true]]);
  expect(cut?.reports.flatMap(({ failures }) => failures).map(({ row, message }) => [row, message])).toEqual([[1, "torn"]]);
  const passed = await runAllParts(passing, cut?.messages ?? []);
  expect(passed?.messages.map(({ part, isLast }) => [part, isLast])).toEqual([[0, false], [1, false], [2, true]]);
  const joined = await runAllParts(joining, passed?.messages ?? []);
  expect(joined?.messages.map(({ part, isLast }) => [part, isLast])).toEqual([[0, true]]);
  expect(joined?.reports[0]?.rowsOut).toBe(2);
  const torn = await joining.run([...(passed?.messages.slice(0, 1) ?? []), voidChunk(2, { ordinal: 0, split: 0, firstRow: 0 }, { part: 1, isLast: true })]);
  expect(torn?.messages).toMatchObject([{ isVoid: true }]);
});
