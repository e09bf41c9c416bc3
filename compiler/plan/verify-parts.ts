/**
 * Checks the parts of cut models, whoever cut them: every part of a call is in the plan once and in order, what one sends
 * the next receives, every tensor comes from somewhere that is computed before, a stage of several models is one gang.
 */
import type { TensorOrigin } from "../../runtime/contract/program.ts";
import type { LoweredPipeline } from "./lowered-program.ts";
import type { ModelPlan, PartPlan, PipelinePlan, StagePlan } from "./plan.ts";

export function verifyParts(plan: PipelinePlan, lowered: LoweredPipeline): void {
  const calls = new Map<string, ModelPlan[]>();
  for (const stage of plan.stages) {
    verifyStage(stage);
    for (const model of stage.models ?? []) {
      const step = lowered.steps[model.step];
      demand(step !== undefined && stage.steps.includes(step.id), `stage ${stage.id} runs a model of another`);
      demand((step?.kind === "modelPart") === (model.part !== undefined), `step ${model.step} and its plan disagree on whether ${model.name} is cut`);
      if (step?.kind === "modelPart") calls.set(step.call, [...(calls.get(step.call) ?? []), model]);
    }
  }
  for (const [call, models] of calls) verifyCall(call, models);
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`plan: ${what}`);
}

function verifyStage({ id, kind, steps, models = [], replicas, devices }: StagePlan): void {
  demand(kind !== "model" || models.length === steps.length, `stage ${id} has steps without a model`);
  const gangs = new Set(models.map(({ part }) => part?.ranks.length ?? 1));
  demand(gangs.size <= 1, `stage ${id} is of gangs of different sizes`);
  const [ranks = 1] = gangs;
  demand(devices === undefined || (devices.length === replicas && devices.every((own) => own.length === ranks)), `stage ${id} has not a device for each of its workers`);
}

function verifyCall(call: string, models: readonly ModelPlan[]): void {
  const parts = models.flatMap(({ part }) => part ?? []);
  const [first] = models;
  demand(parts.length === first?.part?.count, `${call} runs ${parts.length} of ${first?.part?.count} parts`);
  demand(new Set(models.map(({ name, batch }) => `${name} ${batch}`)).size === 1, `the parts of ${call} differ in their model or batch`);
  parts.forEach((part, index) => {
    const where = `part ${index + 1} of ${call}`;
    demand(part.index === index && part.count === parts.length, `${where} stands where part ${part.index + 1} of ${part.count} does`);
    const before = parts[index - 1];
    demand(before === undefined || equal(before.sends, part.receives), `${where} receives other tensors than are sent`);
    verifyPart(where, part);
  });
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function verifyPart(where: string, part: PartPlan): void {
  demand(part.nodes > 0 || part.count === 1, `${where} computes nothing`);
  const segments = part.ranks[0]?.segments.length ?? 0;
  demand(part.ranks.length > 0 && part.ranks.every((rank) => rank.segments.length === segments), `the ranks of ${where} have different numbers of segments`);
  const isMade = (rank: number, segment: number, port: string): boolean => part.ranks[rank]?.segments[segment]?.outputs.includes(port) === true;
  const isThere = (origin: TensorOrigin, rank: number, before: number): boolean => {
    switch (origin.kind) {
      case "stage":
        return part.receives.includes(origin.value);
      case "self":
        return origin.segment < before && isMade(rank, origin.segment, origin.port);
      case "peer":
        return origin.rank !== rank && origin.segment < before && isMade(origin.rank, origin.segment, origin.port);
    }
  };
  part.ranks.forEach((rank, own) => rank.segments.forEach((segment, at) => {
    for (const { port, from } of segment.inputs) demand(isThere(from, own, at), `${where} feeds ${JSON.stringify(port)} of segment ${at + 1} on rank ${own} with what is not there`);
  }));
  demand(equal(part.outputs.map(({ value }) => value), part.sends), `${where} does not say where each tensor it sends comes from`);
  for (const { value, from } of part.outputs) demand(isThere(from, 0, segments), `${where} sends ${JSON.stringify(value)}, which is not there`);
}
