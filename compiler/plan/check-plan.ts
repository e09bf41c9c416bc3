/** What a user must know of a plan: a bound over the memory allowed, settings that have no effect yet. */
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import { report } from "../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { Settings } from "../../language/check/checked-program.ts";
import type { LoweredPipeline, LoweredProgram } from "./lowered-program.ts";
import type { PipelinePlan, Plan } from "./plan.ts";
import { printBytes } from "./print-plan.ts";
import { numberSetting } from "./settings.ts";

export function checkPlan(plan: Plan, program: LoweredProgram): readonly Diagnostic[] {
  return program.pipelines.flatMap((pipeline, index) => {
    const planned = plan.pipelines[index];
    return [...(planned === undefined ? [] : checkMemory(pipeline, planned)), ...checkEffects(pipeline, planned)];
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

/** Settings that the plan may count on and the emitted program does not carry out, and what it does instead. */
function checkEffects(pipeline: LoweredPipeline, plan: PipelinePlan | undefined): readonly Diagnostic[] {
  const devices = [...new Set((plan?.stages ?? []).flatMap((stage) => stage.model?.device ?? []))].sort();
  const ofPipeline = { checkpoint: "a run that is stopped starts over", hardware: `the program runs on one machine, its models on ${devices.join(", ")}` };
  const ofStep = { shard: "the model runs whole", colocate: "each model has workers of its own" };
  return [
    ...complaints(pipeline.settings, devices.length === 0 ? { checkpoint: ofPipeline.checkpoint } : ofPipeline),
    ...pipeline.steps.filter((step) => step.kind === "model").flatMap((step) => complaints(step.settings, ofStep)),
  ];
}

function complaints(settings: Settings, instead: Readonly<Record<string, string>>): readonly Diagnostic[] {
  return Object.entries(instead).flatMap(([setting, what]) => {
    const stated = settings[setting];
    return stated === undefined ? [] : [report(buildCodes.noEffectYet, { setting, instead: what }, { at: stated.span })];
  });
}
