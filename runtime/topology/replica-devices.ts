/** Which devices a stage's replica runs its models on, where replicas have devices of their own. */
import type { PipelineSpec, StepSpec } from "../contract/program.ts";

/** The pipeline as the replica sees it: the models of its own stage are on its devices. */
export function onReplica(pipeline: PipelineSpec, stageId: number, replica: number): PipelineSpec {
  const stage = pipeline.stages[stageId];
  const devices = stage.devices?.[replica % stage.devices.length];
  if (devices === undefined) return pipeline;
  const own = new Set(stage.steps);
  return { ...pipeline, steps: pipeline.steps.map((step) => (own.has(step.id) ? movedTo(step, devices) : step)) };
}

function movedTo(step: StepSpec, devices: readonly string[]): StepSpec {
  const [first] = devices;
  if (first === undefined) return step;
  if (step.kind === "model") return { ...step, model: { ...step.model, device: first } };
  if (step.kind !== "modelPart") return step;
  const ranks = step.part.ranks.map((rank, index) => ({ ...rank, device: devices[index] ?? rank.device }));
  return { ...step, model: { ...step.model, device: first }, part: { ...step.part, ranks } };
}
