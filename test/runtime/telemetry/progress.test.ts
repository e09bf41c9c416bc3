import { describe, expect, test } from "vitest";
import { formatBytes, formatDuration, formatRate } from "../../../runtime/telemetry/format.ts";
import { createProgressPrinter } from "../../../runtime/telemetry/progress-printer.ts";
import { findBottleneck, printProgressJson, renderProgress, renderProgressLine } from "../../../runtime/telemetry/progress.ts";
import type { RunSnapshot } from "../../../runtime/telemetry/progress.ts";

const snapshot: RunSnapshot = {
  pipeline: "classify", elapsedMs: 12_300, rowsDone: 12_500, rowsTotal: 50_000, rowsDead: 3, rowsPerSecond: 1016.3,
  stages: [
    { label: "read photos", replicas: 1, busyShare: 0.12, queuedChunks: 0, queueChunks: 0 },
    { label: "decode", replicas: 2, busyShare: 0.6, queuedChunks: 1, queueChunks: 4 },
    { label: "resnet50", replicas: 1, busyShare: 0.98, queuedChunks: 4, queueChunks: 4 },
  ],
};

describe("progress", () => {
  test("on a terminal", () => {
    expect(renderProgress(snapshot, { columns: 100, rows: 23, color: false })).toEqual([
      "classify  12,500 of 50,000 rows, 25 %, 1,016 rows/s, 12.3 s, about 36.9 s left, 3 dead rows",
      "  read photos  █░░░░░░░░░  12 % busy",
      "  decode ×2    ██████░░░░  60 % busy  queue 1/4",
      "  resnet50     ██████████  98 % busy  queue 4/4    bottleneck",
    ]);
  });

  test("never wider than the terminal", () => {
    for (const columns of [20, 40, 60]) {
      expect(renderProgress(snapshot, { columns, rows: 23, color: false }).map((line) => line.length).filter((length) => length > columns)).toEqual([]);
    }
  });

  test("never longer than the terminal", () => {
    const long: RunSnapshot = { ...snapshot, stages: Array.from({ length: 30 }, (_, index) => ({ label: `s${index}`, replicas: 1, busyShare: 0.1, queuedChunks: 0, queueChunks: 0 })) };
    const linesOf = (rows: number) => renderProgress(long, { columns: 100, rows, color: false });
    for (const rows of [1, 2, 3, 10, 30, 31]) expect(linesOf(rows)).toHaveLength(rows);
    expect(linesOf(1)).toEqual(linesOf(31).slice(0, 1));
    expect(linesOf(10)).toEqual([...linesOf(31).slice(0, 9), "  … 22 more stages"]);
    const writes: string[] = [];
    const printer = createProgressPrinter({ write: (text) => writes.push(text), isTTY: true, columns: 101, rows: 24 }, { json: false, quiet: false, color: false });
    printer.update(long);
    expect(writes.join("").split("\n")).toHaveLength(24);
  });

  test("colours say no more than the words", () => {
    const coloured = renderProgress(snapshot, { columns: 100, rows: 23, color: true });
    expect(coloured[3]).toContain("\u001b[33m");
    expect(coloured.map((line) => line.replace(/\u001b\[\d+m/g, ""))).toEqual(renderProgress(snapshot, { columns: 100, rows: 23, color: false }));
  });

  test("as a line", () => {
    expect(renderProgressLine(snapshot)).toBe("classify  12,500 of 50,000 rows, 25 %, 1,016 rows/s, 12.3 s, about 36.9 s left, 3 dead rows; slowest: resnet50, 98 % busy, queue 4/4");
    const { rowsTotal: _, ...unknownTotal } = snapshot;
    expect(renderProgressLine({ ...unknownTotal, rowsExpected: 25_000.4 })).toContain("classify  12,500 rows, about 50 %, 1,016 rows/s, 12.3 s, about 12.3 s left, 3 dead rows;");
    expect(renderProgressLine({ ...unknownTotal, rowsDone: 0, rowsDead: 1, rowsPerSecond: 0, stages: [] })).toBe("classify  0 rows, 0.0 rows/s, 12.3 s, 1 dead row");
  });

  test("as JSON", () => {
    expect(JSON.parse(printProgressJson(snapshot))).toEqual({ event: "progress", ...snapshot, bottleneck: "resnet50" });
  });

  test("no stage is the bottleneck of a run that waits", () => {
    expect(findBottleneck([{ busyShare: 0.1 }, { busyShare: 0.3 }])).toBeUndefined();
    expect(findBottleneck([])).toBeUndefined();
  });
});

describe("the printer", () => {
  const options = { json: false, quiet: false, color: false };

  /** What a terminal shows after such writes. */
  function screen(writes: readonly string[]): readonly string[] {
    let lines: string[] = [];
    for (const text of writes) {
      const up = /^\u001b\[(\d+)F\u001b\[J/.exec(text);
      if (up !== null) lines = lines.slice(0, lines.length - Number(up[1]));
      const rest = text.slice(up?.[0].length ?? 0);
      lines = [...lines, ...rest.split("\n").slice(0, -1)];
    }
    return lines;
  }

  test("redraws in place, not too often, and leaves nothing", () => {
    const writes: string[] = ["before\n"];
    const printer = createProgressPrinter({ write: (text) => writes.push(text), isTTY: true, columns: 101 }, options);
    for (const elapsedMs of [0, 50, 99, 100, 199, 200]) printer.update({ ...snapshot, elapsedMs });
    expect(writes).toHaveLength(4);
    expect(screen(writes)).toEqual(["before", ...renderProgress({ ...snapshot, elapsedMs: 200 }, { columns: 100, rows: 23, color: false })]);
    printer.clear();
    printer.clear();
    expect(screen(writes)).toEqual(["before"]);
  });

  test.each([["lines", false], ["JSON", true]])("%s every 30 seconds without a terminal", (_, json) => {
    const writes: string[] = [];
    const printer = createProgressPrinter({ write: (text) => writes.push(text) }, { ...options, json });
    for (let elapsedMs = 0; elapsedMs <= 95_000; elapsedMs += 700) printer.update({ ...snapshot, elapsedMs });
    expect(writes).toHaveLength(3);
    expect(writes.every((text) => text.endsWith("\n") && text.indexOf("\n") === text.length - 1)).toBe(true);
    expect(writes[0]?.startsWith("{")).toBe(json);
  });

  test("quiet prints nothing", () => {
    const writes: string[] = [];
    createProgressPrinter({ write: (text) => writes.push(text), isTTY: true }, { ...options, quiet: true }).update(snapshot);
    expect(writes).toEqual([]);
  });
});

test("numbers", () => {
  expect([0, 999, 59_949, 59_950, 245_000, 7_800_000].map(formatDuration)).toEqual(["0.0 s", "1.0 s", "59.9 s", "1:00 min", "4:05 min", "2:10:00 h"]);
  expect([0, 1023, 1024, 4.2 * 2 ** 20, 2 ** 30 - 1, 5 * 2 ** 50].map(formatBytes)).toEqual(["0 B", "1023 B", "1.0 KiB", "4.2 MiB", "1.0 GiB", "5120.0 TiB"]);
  expect([0.44, 9.9, 10, 12_345.6].map(formatRate)).toEqual(["0.4 rows/s", "9.9 rows/s", "10 rows/s", "12,346 rows/s"]);
});
