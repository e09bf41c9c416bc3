/** What of a thread's time is work, and which stages are measured for it. */
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it, test } from "vitest";
import type { ModelSpec, StepSpec } from "../../../runtime/contract/program.ts";
import { startThreadClock } from "../../../runtime/topology/thread-clock.ts";
import { readTopology } from "../../../runtime/topology/topology.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";

describe("a thread's clock", () => {
  it("takes for work whatever blocks the thread", async () => {
    await wait(1);
    const clock = startThreadClock();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    const { busyMs, computeMs } = clock();
    expect(busyMs).toBeGreaterThan(25);
    expect(computeMs).toBeCloseTo(busyMs, 5);
  });

  it("does not take for work what it waits for", async () => {
    await wait(1);
    const clock = startThreadClock();
    await wait(200);
    const { busyMs, computeMs } = clock();
    expect(busyMs).toBeGreaterThan(190);
    expect(computeMs).toBeLessThan(busyMs / 2);
  });
});

test("stages that call functions may wait; a model on a device keeps its thread, which is no work of a core", () => {
  const base = { at: here, columns: [], resources: [] };
  const model: ModelSpec = { name: "m", at: here, file: "m.onnx", inputs: [], outputs: [], batch: 1, fixedBatch: false, batched: true, pad: [], device: "cuda:0", intraOpThreads: 1 };
  const row = () => ({});
  const steps: readonly StepSpec[] = [
    { ...base, id: 0, name: "a", kind: "map", input: 0, row, concurrency: 1 },
    { ...base, id: 1, name: "b", kind: "map", input: 0, row, concurrency: 1 },
    { ...base, id: 2, name: "c", kind: "model", input: 1, model, bind: { inputs: [], constants: [], outputs: [], carried: [] } },
  ];
  const pipeline = buildPipeline({ name: "p", steps, stages: steps.map(({ id }) => ({ steps: [id], replicas: 1 })), sinks: [] });
  const stages = pipeline.stages.map((stage) => (stage.id === 0 ? { ...stage, cores: 0 } : stage));
  expect(readTopology({ ...pipeline, stages }, { cores: 4 }).stages.map(({ cores, mayWait }) => [cores, mayWait])).toEqual([[0, true], [1, false], [0, false]]);
});
