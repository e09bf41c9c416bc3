import { expect, test } from "vitest";
import { printSummaryJson, renderSummary } from "../../../runtime/telemetry/summary.ts";
import type { RunSummary } from "../../../runtime/telemetry/summary.ts";

const summary: RunSummary = {
  pipeline: "classify", outcome: "overBudget", elapsedMs: 12_300, rowsIn: 12_500, rowsFiltered: 17, rowsDead: 3,
  stages: [
    { label: "read photos", replicas: 1, busyShare: 0.12 },
    { label: "resnet50", replicas: 2, busyShare: 0.984 },
  ],
  outputs: [
    { label: "parquet", place: "out/resnet", rows: 12_480, files: 13, bytes: 4_404_019 },
    { label: "console", rows: 1, files: 0, bytes: 0 },
  ],
  deadLetters: "out/resnet/_errors",
};

test("says what was done, how fast, what held it up and where things are", () => {
  expect(renderSummary(summary)).toEqual([
    "classify finished over its error budget in 12.3 s, 1,016 rows/s",
    "  rows       12,500 read, 17 left out, 3 dead",
    "  stages     read photos   12 % busy",
    "             resnet50      98 % busy ×2  bottleneck",
    "  output     out/resnet: 12,480 rows in 13 files, 4.2 MiB",
    "             console: 1 row",
    "  dead rows  out/resnet/_errors",
  ]);
});

test("leaves out what there is nothing of", () => {
  const { deadLetters: _, ...rest } = summary;
  expect(renderSummary({ ...rest, outcome: "stopped", elapsedMs: 0, rowsIn: 0, rowsFiltered: 0, rowsDead: 0, stages: [], outputs: [] })).toEqual([
    "classify stopped after 0.0 s, 0.0 rows/s",
    "  rows       0 read, 0 left out, 0 dead",
  ]);
});

test("measured beside what was predicted, without the rows of an earlier run", () => {
  const { deadLetters: _, ...rest } = summary;
  const lines = renderSummary({ ...rest, elapsedMs: 10_000, rowsIn: 12_500, rowsEarlier: 2_500, predicted: { rowsPerSecond: 2_000, bottleneck: "cores", machine: "m5.large" } });
  expect(lines.slice(0, 3)).toEqual([
    "classify finished over its error budget in 10.0 s, 1,000 rows/s",
    "  rows       12,500 read, 17 left out, 3 dead",
    "  predicted  2,000 rows/s on m5.large, limited by cores; this run did 50 % of that",
  ]);
});

test("as JSON", () => {
  expect(JSON.parse(printSummaryJson(summary))).toMatchObject({ event: "summary", outcome: "overBudget", bottleneck: "resnet50" });
});
