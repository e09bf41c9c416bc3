/** Where workers of a run that goes on begin. */
import { expect, test } from "vitest";
import { emptyState } from "../../../runtime/recovery/commit-state.ts";
import { stageResume } from "../../../runtime/topology/run-start.ts";
import { readTopology } from "../../../runtime/topology/topology.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";

test("a stage is given the keys of its own steps, and those of no other", () => {
  const base = { at: here, columns: [], resources: [], kind: "limit", rows: () => 1 } as const;
  const pipeline = buildPipeline({ name: "p", steps: [{ ...base, id: 0, name: "a", input: 0 }, { ...base, id: 1, name: "b", input: 0 }], stages: [{ steps: [0] }, { steps: [1] }], sinks: [] });
  const regions = emptyState(1, 0).regions;
  const start = { isResumed: true, isComplete: false, regions, sinks: [], keys: new Map([[1, ["x"]]]) };
  const keysOf = (stage: number) => stageResume(pipeline, readTopology(pipeline), { start }, stage).keys;
  expect([keysOf(0), keysOf(1)]).toEqual([new Map(), new Map([[1, ["x"]]])]);
});
