/** Which steps share a stage: everything that runs on CPUs between forks, joins and models; parts of models that are placed together. */
import { inputsOf } from "./lowered-program.ts";
import type { LoweredPipeline, Step } from "./lowered-program.ts";
import type { StagePlan } from "./plan.ts";
import { isModel, partOf } from "./plan-model.ts";
import type { ModelCall } from "./plan-model.ts";

/** Runs of steps that share a stage, in topological order. */
export function groupSteps(pipeline: LoweredPipeline): readonly (readonly Step[])[] {
  const readers = countReaders(pipeline);
  const groups: Step[][] = [];
  const groupEndingIn = new Map<number, Step[]>();
  for (const step of pipeline.steps) {
    const [input, another] = inputsOf(step);
    const before = input === undefined || another !== undefined ? undefined : groupEndingIn.get(input);
    const last = before?.at(-1);
    if (before !== undefined && last !== undefined && readers.get(last.id) === 1 && mayJoin(before, last, step)) {
      groupEndingIn.delete(last.id);
      before.push(step);
      groupEndingIn.set(step.id, before);
    } else {
      const group = [step];
      groups.push(group);
      groupEndingIn.set(step.id, group);
    }
  }
  return groups;
}

/** How many steps and sinks read each step's rows. */
function countReaders(pipeline: LoweredPipeline): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const readers = [...pipeline.steps.flatMap(inputsOf), ...pipeline.writes.map((write) => write.step)];
  for (const id of readers) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** A stage of maps goes on unless the step must run elsewhere, must see all rows in order, or asks for other workers. */
function mayJoin(group: readonly Step[], last: Step, step: Step): boolean {
  if (isModel(last) && isModel(step)) return stageName(last) !== undefined && stageName(last) === stageName(step);
  if (kindOf(last) !== "cpu" || kindOf(step) !== "cpu") return false;
  if (isOrdered(last) !== isOrdered(step)) return false;
  return step.settings["workers"] === undefined || !group.some((earlier) => earlier.settings["workers"] !== undefined);
}

export function kindOf(step: Step): StagePlan["kind"] {
  return step.kind === "read" ? "source" : isModel(step) ? "model" : "cpu";
}

function stageName(step: ModelCall): string | undefined {
  return partOf(step)?.stage;
}

/** Steps whose result depends on the rows before. */
export function isOrdered(step: Step): boolean {
  return step.kind === "limit" || step.kind === "dedupe" || step.kind === "read";
}
