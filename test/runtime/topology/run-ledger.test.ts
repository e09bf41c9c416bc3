import { describe, expect, it } from "vitest";
import type { RowFailure } from "../../../runtime/contract/row-failure.ts";
import { createRunLedger } from "../../../runtime/topology/run-ledger.ts";
import type { RunLedger } from "../../../runtime/topology/run-ledger.ts";
import { readTopology } from "../../../runtime/topology/topology.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";

function failure(row: number, step: string): RowFailure {
  return { ordinal: 0, split: 0, row, place: `line ${row + 1}`, step, at: here, message: "bad" };
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
    ledger.addReport(0, 0, { rowsIn: 4, rowsOut: 1, filtered: 0, busyMs: 1, failures: [failure(0, "a"), failure(0, "b"), failure(2, "a"), failure(2, "a")] }, true);
    ledger.completeChunk(0, 0, undefined);
    expect(ledger.counters.dead).toBe(2);
  });
});
