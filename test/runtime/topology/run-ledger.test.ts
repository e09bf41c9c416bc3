import { describe, expect, it } from "vitest";
import type { RowFailure } from "../../../runtime/contract/row-failure.ts";
import type { SourcePosition } from "../../../runtime/recovery/progress.ts";
import { createRunLedger } from "../../../runtime/topology/run-ledger.ts";
import type { RunLedger } from "../../../runtime/topology/run-ledger.ts";
import { readTopology } from "../../../runtime/topology/topology.ts";
import type { Topology } from "../../../runtime/topology/topology.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";

function failure(row: number, step: string): RowFailure {
  return { ordinal: 0, split: 0, row, place: `line ${row + 1}`, step, at: here, message: "bad" };
}

/** With `regions` sources that nothing follows. */
function ledgerOf(regions: number): RunLedger {
  const ids = Array.from({ length: regions }, (_, id) => id);
  const topology: Topology = {
    cores: 1,
    stages: ids.map((id) => ({ id, label: `source ${id}`, region: id, replicas: 1, replicasMin: 1, replicasMax: 1, cores: 0, mayWait: false, ordered: true, isSource: true, takesParts: false, cutsParts: false, ins: [], outs: [] })),
    edges: [],
    sinks: [],
    regions: ids.map((id) => ({ id, source: id, tickets: 1, groupChunks: 4, sinks: [] })),
  };
  return createRunLedger(buildPipeline({ name: "p", steps: [], stages: [], sinks: [] }), topology);
}

function openLedger(max: number): RunLedger {
  const base = { at: here, resources: [], columns: [] };
  const pipeline = buildPipeline({
    name: "p",
    steps: [{ ...base, id: 0, name: "rows", kind: "filter", input: 0, keep: () => true }],
    stages: [{ steps: [0] }],
    sinks: [],
    errors: { kind: "skip", max },
  });
  return createRunLedger(pipeline, readTopology(pipeline));
}

describe("rows that fail", () => {
  it("count once, in however many branches or children they fail", () => {
    const ledger = openLedger(0.5);
    ledger.addReport(0, 0, { rowsIn: 4, rowsOut: 1, filtered: 0, busyMs: 1, computeMs: 1, failures: [failure(0, "a"), failure(0, "b"), failure(2, "a"), failure(2, "a")] }, true);
    ledger.completeChunk(0, 0, undefined);
    expect(ledger.counters.dead).toBe(2);
  });
});

it("children of one chunk may fail by the hundred thousand", () => {
  const ledger = openLedger(1);
  const failures = Array.from({ length: 300_000 }, (_, child) => failure(child % 3, "a"));
  ledger.addReport(0, 0, { rowsIn: 3, rowsOut: 0, filtered: 0, busyMs: 1, computeMs: 1, failures }, true);
  ledger.completeChunk(0, 0, undefined);
  expect(ledger.counters.dead).toBe(3);
});

it("a region is read when its own rows are, those of earlier runs included, and never where nobody knows how many there are", () => {
  const ledger = ledgerOf(3);
  const split = (rows?: number) => ({ path: "a", bytes: 1, modifiedMs: 0, ...(rows === undefined ? {} : { rows }) });
  expect(ledger.isAllRead(0)).toBe(false);
  ledger.addSource(0, [split(5), split(3)]);
  ledger.addSource(1, [split(6)]);
  ledger.addSource(2, [split(1), split()]);
  ledger.addEarlier(0, { rowsIn: 4, filtered: 0, dead: 0 });
  for (const region of [0, 1, 2]) {
    ledger.addReport(region, 0, { rowsIn: 4, rowsOut: 4, filtered: 0, busyMs: 1, computeMs: 1, failures: [] }, true);
    ledger.completeChunk(region, 0, undefined);
  }
  expect([0, 1, 2].map(ledger.isAllRead)).toEqual([true, false, false]);
});

it("what is read of a region is known by its rows, by its bytes where nobody counted those, or not at all", () => {
  const ledger = ledgerOf(3);
  const split = (bytes: number, rows?: number) => ({ path: "a", bytes, modifiedMs: 0, ...(rows === undefined ? {} : { rows }) });
  ledger.addSource(0, [split(1, 8), split(1, 12)]);
  ledger.addSource(1, [split(300), split(700)]);
  ledger.addSource(2, [split(1)]);
  const complete = (region: number, position: SourcePosition): void => {
    ledger.addReport(region, 0, { rowsIn: 5, rowsOut: 5, filtered: 0, busyMs: 1, computeMs: 1, failures: [], progress: { position, passed: {}, keys: new Map(), isExhausted: false } }, true);
    ledger.completeChunk(region, 0, undefined);
  };
  expect([0, 1, 2].map(ledger.shareRead)).toEqual([0, undefined, undefined]);
  complete(0, { split: 0, row: 5 });
  complete(1, { split: 1, row: 2, bytes: 100 });
  expect([0, 1, 2].map(ledger.shareRead)).toEqual([0.25, 0.4, undefined]);
  expect(ledger.counters.rowsExpected).toBeUndefined();
  complete(2, { split: 0, row: 1, bytes: 0.5 });
  // 20 by count, 12.5 and 10 by bytes.
  expect(ledger.counters).toMatchObject({ rowsTotal: undefined, rowsExpected: 42.5 });
});
