/** What a user must know of a plan: a bound over the memory allowed, settings that the emitted program does not carry out. */
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import { report } from "../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { Settings, SettingValue } from "../../language/check/checked-program.ts";
import { packedBytes } from "../../runtime/contract/held-bytes.ts";
import { arenaFactor } from "../onnx/cost/arena-factor.ts";
import { hardwareOfConstant } from "./hardware/hardware-of-constant.ts";
import type { LoweredPipeline, LoweredProgram } from "./lowered-program.ts";
import type { ModelPlan, PipelinePlan, Plan } from "./plan.ts";
import { printBytes } from "./print-plan.ts";
import { constantSetting, numberSetting, settingFields } from "./settings.ts";

/** `mayCut`: models' files were at hand, so that what is left whole cannot be cut. */
export function checkPlan(plan: Plan, program: LoweredProgram, { mayCut = true } = {}): readonly Diagnostic[] {
  return program.pipelines.flatMap((pipeline, index) => {
    const planned = plan.pipelines[index];
    return [...(planned === undefined ? [] : [...checkMemory(pipeline, planned), ...checkDevices(pipeline, planned)]), ...checkEffects(pipeline, mayCut)];
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

/**
 * Models against the `memory` of their steps. Where hardware is described, its plan has been held to that. Of a part what
 * is live is not known by itself: only its weights count.
 */
function checkDevices(pipeline: LoweredPipeline, plan: PipelinePlan): readonly Diagnostic[] {
  if (plan.predicted !== undefined) return [];
  return plan.stages.flatMap((stage) => {
    const models = stage.models ?? [];
    const limits = models.flatMap(({ step }) => pipeline.steps[step]?.settings["memory"] ?? []);
    const allowed = Math.min(...models.flatMap(({ step }) => numberSetting(pipeline.steps[step]?.settings ?? {}, "memory") ?? []));
    const needed = models.reduce((sum, model) => sum + deviceBytes(model), 0);
    const [limit] = limits;
    if (limit === undefined || needed <= allowed) return [];
    const params = { stage: stage.label, needed: printBytes(needed), allowed: printBytes(allowed) };
    const deeper = Math.max(2, 1 + Math.max(...models.map(({ part }) => part?.count ?? 1)));
    return [report(buildCodes.modelTooLarge, params, { at: limit.span, fix: { text: `cut deeper, as with \`shard: { pipeline: ${deeper} }\`, or allow more memory`, edits: [] } })];
  });
}

function deviceBytes({ weightBytes, shareWeights, activationBytes, part }: ModelPlan): number {
  const live = part === undefined ? (activationBytes ?? 0) * arenaFactor : 0;
  return (shareWeights ? weightBytes : packedBytes(weightBytes)) + live;
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
