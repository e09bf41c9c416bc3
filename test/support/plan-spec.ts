/** A planned pipeline as the engine would be given it, without anything that computes: for what looks at its graph only. */
import type { LoweredPipeline, Step } from "../../compiler/plan/lowered-program.ts";
import type { PipelinePlan } from "../../compiler/plan/plan.ts";
import type { PipelineSpec, SinkSpec, StageSpec, StepSpec } from "../../runtime/contract/program.ts";
import { here } from "./build-pipeline.ts";
import { numbers } from "./programs/numbers-source.ts";
import { console as consoleSink } from "../../stdlib/sinks/console/kernel.ts";

export function specOfPlan(plan: PipelinePlan, { steps }: LoweredPipeline): PipelineSpec {
  const { name, chunkRows, groupChunks, tickets, memory } = plan;
  return {
    name, doc: "", chunkRows, groupChunks, tickets, memoryBoundBytes: memory.boundBytes, errors: { kind: "fail" }, edges: plan.edges,
    steps: steps.map((step) => specOfStep(step, plan)),
    stages: plan.stages.map(({ id, label, steps: own, replicas, replicasMin = replicas, replicasMax = replicas, ordered }): StageSpec => ({ id, label, at: here, steps: own, replicas, replicasMin, replicasMax, ordered })),
    sinks: plan.sinks.map(({ id, label, step }): SinkSpec => ({ id, label, at: here, step, kernel: consoleSink, args: () => ({}), partitionBy: [], partitionsMax: 1 })),
  };
}

function specOfStep(step: Step, plan: PipelinePlan): StepSpec {
  const { id, name } = step;
  const base = { id, name, at: here, columns: [], resources: [] };
  switch (step.kind) {
    case "read":
      return { ...base, kind: "read", source: numbers, args: () => ({}) };
    case "map":
      return { ...base, kind: "map", input: step.input, row: (row) => row, concurrency: 1 };
    case "filter":
      return { ...base, kind: "filter", input: step.input, keep: () => true };
    case "model": {
      const model = plan.stages.flatMap(({ models = [] }) => models).find((candidate) => candidate.step === id);
      if (model === undefined) throw new Error(`no stage runs model ${name}`);
      const { batch, device, intraOpThreads } = model;
      return { ...base, kind: "model", input: step.input, model: { name: model.name, at: here, file: "", inputs: [], outputs: [], batch, fixedBatch: false, batched: true, pad: [], device, intraOpThreads }, bind: { inputs: [], constants: [], outputs: [], carried: [] } };
    }
    case "explode":
      return { ...base, kind: "explode", input: step.input, fields: (row) => row, carried: step.carried, childrenMax: step.childrenMax };
    case "implode":
      return { ...base, kind: "implode", input: step.input, aggregates: [], carried: step.carried };
    case "dedupe":
      return { ...base, kind: "dedupe", input: step.input, key: () => 0, distance: step.distance, keysMax: step.keysMax };
    case "limit":
      return { ...base, kind: "limit", input: step.input, rows: () => 0 };
    case "sample":
      return { ...base, kind: "sample", input: step.input, fraction: () => 1, seed: () => 0n };
    case "zip":
      return { ...base, kind: "zip", inputs: step.inputs };
    case "modelPart":
      throw new Error(`${name} is a part of a cut model: gangs are tried elsewhere`);
  }
}
