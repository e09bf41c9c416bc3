/** Which stages and edges of a plan have chunks in parts, as the engine will find it. */
import { partFlow, wholeSteps } from "../../runtime/contract/stage-parts.ts";
import type { PartFlow } from "../../runtime/contract/stage-parts.ts";
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline, Step } from "./lowered-program.ts";
import type { EdgePlan, StagePlan } from "./plan.ts";

export function planParts(pipeline: LoweredPipeline, stages: readonly Pick<StagePlan, "steps" | "ordered">[], edges: readonly Pick<EdgePlan, "fromStage" | "to">[]): PartFlow {
  const open = openExplodes(pipeline);
  const shapes = stages.map(({ steps, ordered }) => ({ kinds: kindsOf(pipeline, steps), ordered, isUnderExplode: (open.get(steps.at(-1) ?? -1) ?? 0) > 0 }));
  return partFlow(shapes, edges.map(({ fromStage, to }) => ({ fromStage, toStage: to.kind === "stage" ? to.stage : undefined })));
}

/** The steps of a stage that cuts which see a chunk whole. */
export function stepsOfWhole(pipeline: LoweredPipeline, steps: readonly number[]): readonly number[] {
  return steps.slice(0, wholeSteps(kindsOf(pipeline, steps)));
}

function kindsOf(pipeline: LoweredPipeline, steps: readonly number[]): readonly Step["kind"][] {
  return steps.flatMap((id) => pipeline.steps[id]?.kind ?? []);
}

/** How many explodes are open over the rows of each step. */
function openExplodes(pipeline: LoweredPipeline): ReadonlyMap<number, number> {
  const open = new Map<number, number>();
  for (const step of pipeline.steps) {
    const before = open.get(inputsOf(step)[0] ?? -1) ?? 0;
    open.set(step.id, before + (step.kind === "explode" ? 1 : step.kind === "implode" ? -1 : 0));
  }
  return open;
}
