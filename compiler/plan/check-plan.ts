/** What a user must know of a plan: a bound over the memory allowed, settings that have no effect yet. */
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import { report } from "../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { LoweredPipeline, LoweredProgram } from "./lowered-program.ts";
import type { PipelinePlan, Plan } from "./plan.ts";
import { printBytes } from "./print-plan.ts";
import { numberSetting } from "./settings.ts";

export function checkPlan(plan: Plan, program: LoweredProgram): readonly Diagnostic[] {
  return program.pipelines.flatMap((pipeline, index) => {
    const planned = plan.pipelines[index];
    return [...(planned === undefined ? [] : checkMemory(pipeline, planned)), ...checkEffects(pipeline)];
  });
}

function checkMemory(pipeline: LoweredPipeline, plan: PipelinePlan): readonly Diagnostic[] {
  const allowed = numberSetting(pipeline.settings, "memory");
  const place = pipeline.settings["memory"]?.span;
  if (allowed === undefined || place === undefined || plan.memory.boundBytes <= allowed) return [];
  const { edgeBytes, joinBytes, sinkBytes, replicaBytes, workerBytes } = plan.memory;
  const parts = [`edges ${printBytes(edgeBytes)}`, `joins ${printBytes(joinBytes)}`, `sinks ${printBytes(sinkBytes)}`, `stages ${printBytes(replicaBytes)}`, `workers ${printBytes(workerBytes)}`];
  const params = { pipeline: pipeline.name, needed: printBytes(plan.memory.boundBytes), allowed: printBytes(allowed) };
  return [report(buildCodes.planTooLarge, params, { at: place, reason: `the most it can hold is ${parts.join(", ")}`, fix: { text: "state limits of the rows' fields, or allow more memory", edits: [] } })];
}

function checkEffects(pipeline: LoweredPipeline): readonly Diagnostic[] {
  const setting = pipeline.settings["checkpoint"];
  return setting === undefined ? [] : [report(buildCodes.noEffectYet, { setting: "checkpoint" }, { at: setting.span })];
}
