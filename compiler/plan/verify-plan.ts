/**
 * Checks a plan against its program, whoever made it. A violation is a bug of the planner: it throws.
 *
 * Every step is in exactly one stage, stages and edges follow the program's dataflow without circles, batches divide
 * chunks, every edge can hold at least one chunk and joins and sinks all tickets, the bound is the sum of its parts.
 */
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline, LoweredProgram } from "./lowered-program.ts";
import { planParts } from "./plan-parts.ts";
import { verifyParts } from "./verify-parts.ts";
import type { EdgePlan, PipelinePlan, Plan } from "./plan.ts";

export function verifyPlan(plan: Plan, program: LoweredProgram): void {
  demand(plan.pipelines.length === program.pipelines.length, "a pipeline is missing from the plan");
  plan.pipelines.forEach((pipeline, index) => {
    const lowered = program.pipelines[index];
    demand(lowered !== undefined && lowered.name === pipeline.name, `the plan has no pipeline at ${index}`);
    if (lowered === undefined) return;
    verifyCoverage(pipeline, lowered);
    verifyParts(pipeline, lowered);
    verifyEdges(pipeline, lowered);
    verifyCapacities(pipeline, lowered);
  });
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`plan: ${what}`);
}

function verifyCoverage(plan: PipelinePlan, lowered: LoweredPipeline): void {
  const stageOf = new Map<number, number>();
  for (const stage of plan.stages) {
    demand(stage.steps.length > 0, `stage ${stage.id} has no steps`);
    demand(stage.replicas >= 1 && (!stage.ordered || stage.replicas === 1), `stage ${stage.id} has ${stage.replicas} replicas`);
    for (const step of stage.steps) {
      demand(!stageOf.has(step), `step ${step} runs twice`);
      demand(lowered.steps[step] !== undefined, `step ${step} does not exist`);
      stageOf.set(step, stage.id);
    }
    for (const [index, step] of stage.steps.entries()) {
      const input = stage.steps[index - 1];
      const inputs = lowered.steps[step];
      demand(index === 0 || (inputs !== undefined && inputsOf(inputs).every((id) => id === input)), `step ${step} does not follow ${input}`);
    }
  }
  demand(stageOf.size === lowered.steps.length, "a step runs nowhere");
}

function verifyEdges(plan: PipelinePlan, lowered: LoweredPipeline): void {
  const stageOf = new Map(plan.stages.flatMap((stage) => stage.steps.map((step) => [step, stage.id] as const)));
  const keyOf = (edge: Pick<EdgePlan, "fromStep" | "to">): string => `${edge.fromStep} to ${edge.to.kind} ${edge.to.kind === "stage" ? edge.to.stage : edge.to.sink}`;
  const wanted = new Set<string>();
  for (const step of lowered.steps) {
    const stage = stageOf.get(step.id) ?? -1;
    for (const fromStep of inputsOf(step)) {
      demand((stageOf.get(fromStep) ?? stage) <= stage, `stage ${stage} reads from a later one`);
      if (stageOf.get(fromStep) !== stage) wanted.add(keyOf({ fromStep, to: { kind: "stage", stage } }));
    }
  }
  lowered.writes.forEach((write, sink) => wanted.add(keyOf({ fromStep: write.step, to: { kind: "sink", sink } })));
  for (const edge of plan.edges) {
    demand(wanted.delete(keyOf(edge)), `edge ${keyOf(edge)} is not in the program`);
    demand(stageOf.get(edge.fromStep) === edge.fromStage, `edge ${edge.id} leaves another stage`);
  }
  demand(wanted.size === 0, `edges are missing: ${[...wanted].join(", ")}`);
}

function verifyCapacities(plan: PipelinePlan, lowered: LoweredPipeline): void {
  demand(Number.isInteger(plan.chunkRows) && plan.chunkRows >= 1, `chunks of ${plan.chunkRows} rows`);
  demand(plan.chunkBytes === undefined || plan.chunkBytes >= 1, `chunks of ${plan.chunkBytes} bytes`);
  demand(Number.isInteger(plan.groupChunks) && plan.groupChunks >= 1, `groups of ${plan.groupChunks} chunks`);
  demand(Number.isInteger(plan.tickets) && plan.tickets >= 1, `${plan.tickets} tickets`);
  for (const { models = [], id } of plan.stages) {
    for (const { batch } of models) demand(batch >= 1 && plan.chunkRows % batch === 0, `stage ${id} cuts chunks of ${plan.chunkRows} into batches of ${batch}`);
  }
  const { stages, inParts } = planParts(lowered, plan.stages, plan.edges);
  for (const edge of plan.edges) {
    const target = edge.to.kind === "stage" ? plan.stages[edge.to.stage] : undefined;
    const byParts = edge.to.kind === "stage" && inParts[edge.id] === true && stages[edge.to.stage]?.takesParts === true;
    demand((edge.byParts === true) === byParts, `edge ${edge.id} counts ${byParts ? "chunks" : "parts"}`);
    const isJoin = target !== undefined && lowered.steps[target.steps[0] ?? -1]?.kind === "zip";
    const holdsAll = edge.to.kind === "sink" || isJoin || target?.ordered === true || (inParts[edge.id] === true && !byParts);
    const least = holdsAll ? plan.tickets : 1;
    demand(edge.queueChunks >= least, `edge ${edge.id} holds ${edge.queueChunks} chunks, ${least} are needed`);
    demand(edge.queueBytesMax > 0 || lowered.steps[edge.fromStep]?.row.fields.length === 0, `edge ${edge.id} holds no bytes`);
  }
  const { boundBytes, ...parts } = plan.memory;
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  demand(boundBytes === Math.min(total, Number.MAX_SAFE_INTEGER), `the memory bound is ${boundBytes}, its parts sum to ${total}`);
}
