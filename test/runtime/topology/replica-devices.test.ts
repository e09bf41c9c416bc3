/** Replicas with devices of their own. */
import { expect, test } from "vitest";
import type { ModelPart, ModelSpec, StepSpec } from "../../../runtime/contract/program.ts";
import { onReplica } from "../../../runtime/topology/replica-devices.ts";
import { readTopology } from "../../../runtime/topology/topology.ts";
import { buildPipeline, here } from "../../support/build-pipeline.ts";

const model: ModelSpec = { name: "m", at: here, file: "m.onnx", inputs: [], outputs: [], batch: 1, fixedBatch: false, batched: true, pad: [], device: "cuda:0", intraOpThreads: 1 };
const bind = { inputs: [], constants: [], outputs: [], carried: [] };
const part: ModelPart = { call: "m", index: 0, count: 2, receives: [], sends: [], outputs: [], ranks: [{ device: "cuda:0", segments: [] }, { device: "cuda:1", segments: [] }] };
const base = { at: here, columns: [], resources: [] };
const steps: readonly StepSpec[] = [
  { ...base, id: 0, name: "a", kind: "model", input: 0, model, bind },
  { ...base, id: 1, name: "b", kind: "modelPart", input: 0, model, bind, part },
];

function pipelineOf(devices: readonly (readonly string[])[]) {
  const pipeline = buildPipeline({ name: "p", steps, stages: [{ steps: [0], replicas: 2 }, { steps: [1], replicas: 2 }], sinks: [] });
  return { ...pipeline, stages: pipeline.stages.map((stage, index) => (index === 1 ? { ...stage, devices } : stage)) };
}

test("each replica's gang is on its own devices, other stages stay", () => {
  const moved = onReplica(pipelineOf([["cuda:0", "cuda:1"], ["cuda:2", "cuda:3"]]), 1, 1);
  expect(moved.steps.map((step) => (step.kind === "modelPart" ? step.part.ranks.map(({ device }) => device) : step.kind === "model" ? step.model.device : undefined))).toEqual(["cuda:0", ["cuda:2", "cuda:3"]]);
});

test("a stage without devices of its own stays as it is", () => {
  const pipeline = pipelineOf([["cuda:0", "cuda:1"]]);
  expect(onReplica(pipeline, 0, 1)).toBe(pipeline);
});

test("what was planned for devices and is put on the CPU has as many workers as can compute at once", () => {
  const pipeline = buildPipeline({ name: "p", steps, stages: [{ steps: [0], replicas: 8 }, { steps: [1], replicas: 8 }], sinks: [] });
  const workers = (cores: number, device: string | undefined) => readTopology(pipeline, { cores, device }).stages.map(({ replicas, replicasMin, replicasMax }) => [replicas, replicasMin, replicasMax]);
  expect(workers(2, undefined)).toEqual([[8, 8, 8], [8, 8, 8]]);
  expect(workers(2, "cpu")).toEqual([[2, 2, 2], [1, 1, 1]]);
  expect(workers(64, "cpu")).toEqual([[8, 8, 8], [8, 8, 8]]);
});

test("where the number is left to the run, no more workers start than can compute at once", () => {
  const onCpu = { ...model, device: "cpu", intraOpThreads: 2 };
  const plain = buildPipeline({ name: "p", steps: [{ ...base, id: 0, name: "a", kind: "model", input: 0, model: onCpu, bind }], stages: [{ steps: [0], replicas: 6 }], sinks: [] });
  const pipeline = { ...plain, stages: plain.stages.map((stage) => ({ ...stage, replicasMin: 1, replicasMax: 6 })) };
  expect(readTopology(pipeline, { cores: 4 }).stages).toMatchObject([{ replicas: 2, replicasMin: 1, replicasMax: 6 }]);
  expect(readTopology(plain, { cores: 4 }).stages).toMatchObject([{ replicas: 6 }]);
});
