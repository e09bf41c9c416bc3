/** What a user must know of a plan: a bound over the memory allowed, settings that the emitted program does not carry out. */
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import { report } from "../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { Settings, SettingValue } from "../../language/check/checked-program.ts";
import { hardwareOfConstant } from "./hardware/hardware-of-constant.ts";
import type { LoweredPipeline, LoweredProgram } from "./lowered-program.ts";
import type { PipelinePlan, Plan } from "./plan.ts";
import { printBytes } from "./print-plan.ts";
import { constantSetting, numberSetting, settingFields } from "./settings.ts";

/** `mayCut`: models' files were at hand, so that what is left whole cannot be cut. */
export function checkPlan(plan: Plan, program: LoweredProgram, { mayCut = true } = {}): readonly Diagnostic[] {
  return program.pipelines.flatMap((pipeline, index) => {
    const planned = plan.pipelines[index];
    return [...(planned === undefined ? [] : checkMemory(pipeline, planned)), ...checkEffects(pipeline, mayCut)];
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

/** Settings that the emitted program does not carry out, and what it does instead. */
function checkEffects(pipeline: LoweredPipeline, mayCut: boolean): readonly Diagnostic[] {
  const machines = machinesOf(pipeline);
  return [
    ...(machines > 1 ? complain(pipeline.settings["hardware"], "hardware", `the program runs on one machine, with what the plan gives to one of the ${machines}`) : []),
    ...pipeline.steps.filter((step) => mayCut && step.kind === "model" && asksForParts(step.settings)).flatMap((step) => complain(step.settings["shard"], "shard", "the model's file is no graph that can be cut, so it runs whole")),
  ];
}

function machinesOf(pipeline: LoweredPipeline): number {
  const value = constantSetting(pipeline.settings, "hardware");
  return value === undefined ? 1 : hardwareOfConstant(value).nodes.reduce((sum, { count }) => sum + count, 0);
}

function asksForParts(settings: Settings): boolean {
  const shard = settingFields(settings["shard"]) ?? {};
  return (numberSetting(shard, "pipeline") ?? 1) * (numberSetting(shard, "tensor") ?? 1) > 1;
}

function complain(stated: SettingValue | undefined, setting: string, instead: string): readonly Diagnostic[] {
  return stated === undefined ? [] : [report(buildCodes.notCarriedOut, { setting, instead }, { at: stated.span })];
}
