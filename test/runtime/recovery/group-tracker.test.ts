import { describe, expect, it } from "vitest";
import { createGroupTracker } from "../../../runtime/recovery/group-tracker.ts";
import type { GroupTracker, ReadyGroup } from "../../../runtime/recovery/group-tracker.ts";
import type { ChunkBooks } from "../../../runtime/recovery/progress.ts";
import type { SinkGroup } from "../../../runtime/recovery/sink-writer.ts";

const start = { groups: 0, chunks: 0, ended: false, rowsIn: 0, filtered: 0, dead: 0, split: 0, row: 0, passed: {}, exhausted: [] };

function books(rowsIn: number, row: number, more: Partial<ChunkBooks> = {}): ChunkBooks {
  return { rowsIn, filtered: 0, dead: 0, position: { split: 0, row }, passed: {}, exhausted: [], keys: new Map(), ...more };
}

function sinkGroup(group: number, last = false, names: readonly string[] = []): SinkGroup {
  return { group, last, rows: names.length, bytes: 0, files: names.map((name) => ({ name, bytes: 1, crc: 0 })) };
}

function track(regions: readonly (readonly number[])[], begin = start, opened = Promise.resolve()): { readonly tracker: GroupTracker; readonly ready: ReadyGroup[] } {
  const ready: ReadyGroup[] = [];
  const tracker = createGroupTracker({
    regions: regions.map((sinks) => ({ sinks, start: begin })),
    groupChunks: 2,
    opened,
    commit: async (group) => void ready.push(group),
    endLetters: async () => undefined,
  });
  return { tracker, ready };
}

describe("groups", () => {
  it("are committed in order, once every sink has them and their chunks are done", async () => {
    const { tracker, ready } = track([[0, 1]]);
    tracker.sinkGroup(0, 0, sinkGroup(0, false, ["a"]));
    tracker.sinkGroup(0, 0, sinkGroup(1, false, ["b"]));
    for (const [chunk, row] of [4, 8, 12, 16].entries()) tracker.chunkCompleted(0, chunk, books(4, row, { passed: { 3: row }, keys: new Map([[5, [row]]]) }));
    tracker.sinkGroup(0, 1, sinkGroup(0));
    tracker.regionFinished(0, false);
    tracker.sinkGroup(0, 0, sinkGroup(2, true));
    tracker.sinkGroup(0, 1, sinkGroup(1));
    tracker.sinkGroup(0, 1, sinkGroup(2, true));
    await tracker.done;
    expect(ready.map(({ group, chunks, last, progress }) => [group, chunks, last, progress.rowsIn, progress.row, progress.passed])).toEqual([
      [0, 2, false, 8, 8, { 3: 8 }],
      [1, 4, false, 8, 16, { 3: 16 }],
      [2, 4, true, 0, 16, { 3: 16 }],
    ]);
    expect(ready.map(({ keys }) => [...keys])).toEqual([[[5, [4, 8]]], [[5, [12, 16]]], []]);
  });

  it("wait for the workers that are not there yet", async () => {
    let open = (): void => {};
    const { tracker, ready } = track([[0]], start, new Promise((resolve) => (open = resolve)));
    tracker.chunkCompleted(0, 0, books(4, 4));
    tracker.sinkGroup(0, 0, sinkGroup(0, true, ["a"]));
    tracker.regionFinished(0, false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ready).toEqual([]);
    open();
    await tracker.done;
    expect(ready).toHaveLength(1);
  });

  it("take with the last what sinks say of chunks that were read for nothing", async () => {
    const { tracker, ready } = track([[0]]);
    tracker.chunkCompleted(0, 0, books(4, 4, { exhausted: [1] }));
    // Chunks 1 to 4 came to the sink without rows.
    for (const report of [sinkGroup(0, false, ["a"]), sinkGroup(1)]) tracker.sinkGroup(0, 0, report);
    tracker.regionFinished(0, false);
    expect(ready).toEqual([]);
    tracker.sinkGroup(0, 0, sinkGroup(2, true, ["z"]));
    await tracker.done;
    expect(ready).toMatchObject([{ group: 0, chunks: 1, last: true, progress: { rowsIn: 4, exhausted: [1] }, sinks: [{ sink: 0, report: { rows: 2, files: [{ name: "a" }, { name: "z" }] } }] }]);
  });

  it("that a drain cut off are not committed", async () => {
    const { tracker, ready } = track([[0]]);
    for (const [chunk, row] of [4, 8, 12].entries()) tracker.chunkCompleted(0, chunk, books(4, row));
    tracker.sinkGroup(0, 0, sinkGroup(0, false, ["a"]));
    tracker.regionFinished(0, true);
    tracker.sinkGroup(0, 0, sinkGroup(1, true, ["b"]));
    await tracker.done;
    expect(ready).toMatchObject([{ group: 0, last: false }]);
  });

  it("of several sources end each by itself; those that ended before say nothing", async () => {
    const { tracker, ready } = track([[0], [1]]);
    tracker.regionFinished(1, false);
    tracker.sinkGroup(1, 1, sinkGroup(0, true));
    tracker.regionFinished(0, false);
    tracker.sinkGroup(0, 0, sinkGroup(0, true));
    await tracker.done;
    expect(ready.map(({ region }) => region)).toEqual([1, 0]);
    await track([[0]], { ...start, groups: 3, ended: true }).tracker.done;
  });
});
