/** One pipeline of the program: steps, and the plan's stages, edges and sinks. */
import type { CheckedWrite, SettingValue } from "../../language/check/checked-program.ts";
import type { LoweredPipeline } from "../plan/lowered-program.ts";
import type { PipelinePlan } from "../plan/plan.ts";
import { stepExprs } from "../plan/step-exprs.ts";
import { constantArgument, numberOf, numberSetting, settingFields, stringsArgument } from "../plan/settings.ts";
import { at, lines } from "./code.ts";
import type { Code } from "./code.ts";
import { emitConstant, numberText } from "./emit-constant.ts";
import { emitData, toData } from "./emit-data.ts";
import { emitArgs } from "./emit-declarations.ts";
import { emitPlace } from "./emit-context.ts";
import type { EmitContext } from "./emit-context.ts";
import { emitUri, programPath } from "./emit-expr.ts";
import type { EmittedSteps } from "./emit-steps.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { symbolsReached } from "./used-symbols.ts";

/** Arguments of `to …` that the engine handles, not the format. */
const engineArgs: ReadonlySet<string> = new Set(["path", "rows_per_file", "partition_by", "partitions_max"]);
/** Open partitions of one group where neither the program nor the sink says. */
const PARTITIONS_MAX = 1000;

export function emitPipeline(cx: EmitContext, pipeline: LoweredPipeline, plan: PipelinePlan, steps: EmittedSteps): Code {
  const parts: Code[] = [
    `name: ${JSON.stringify(pipeline.name)}, doc: ${JSON.stringify(pipeline.doc.trim())},`,
    `chunkRows: ${plan.chunkRows},${plan.chunkBytes === undefined ? "" : ` chunkBytes: ${plan.chunkBytes},`} groupChunks: ${plan.groupChunks}, tickets: ${plan.tickets}, memoryBoundBytes: ${plan.memory.boundBytes},`,
    ...emitCheckpoint(cx, pipeline, plan),
    ...emitPredicted(plan.predicted),
    ["errors: ", emitErrorPolicy(cx, pipeline.settings["errors"]), ","],
    ["steps: [\n", lines(steps.specs, 1), "],"],
    ["stages: [\n", lines(plan.stages.map((stage) => emitStage(cx, pipeline, stage)), 1), "],"],
    ["edges: [\n", lines(plan.edges.map(({ byParts: _, ...edge }) => `${emitData(toData(edge))},`), 1), "],"],
    ["sinks: [\n", lines(pipeline.writes.map(({ step, write }, id) => emitSink(cx, id, step, write, plan)), 1), "],"],
  ];
  return at(pipeline.span, "{\n", lines(parts, 1), "},");
}

function emitCheckpoint(cx: EmitContext, pipeline: LoweredPipeline, plan: PipelinePlan): readonly Code[] {
  const fields = settingFields(pipeline.settings["checkpoint"]);
  if (fields === undefined) return [];
  const everyRows = numberSetting(fields, "every") ?? plan.groupChunks * plan.chunkRows;
  return [
    ["checkpoint: { at: () => ", emitPathSetting(cx, fields["at"]), `, everyRows: ${everyRows} },`],
    ...(cx.fingerprint === undefined ? [] : emitFingerprint(cx.fingerprint(pipeline.name))),
  ];
}

function emitFingerprint({ digest, parts }: Fingerprint): readonly string[] {
  return [`fingerprint: ${JSON.stringify(digest)},`, ...(Object.keys(parts).length === 0 ? [] : [`fingerprintParts: ${emitData(parts)},`])];
}

function emitPredicted(predicted: PipelinePlan["predicted"]): readonly Code[] {
  if (predicted === undefined) return [];
  const { rowsPerSecond, bottleneck, machine, stages } = predicted;
  return [`predicted: { rowsPerSecond: ${numberText(rowsPerSecond)}, bottleneck: ${JSON.stringify(bottleneck)}, machine: ${JSON.stringify(machine)}, stages: [${stages.map((rate) => (rate === undefined ? "undefined" : numberText(rate))).join(", ")}] },`];
}

function emitStage(cx: EmitContext, pipeline: LoweredPipeline, stage: PipelinePlan["stages"][number]): string {
  const first = pipeline.steps[stage.steps[0] ?? -1];
  const place = first === undefined ? "" : ` at: ${emitPlace(cx, first.span)},`;
  const { id, label, steps, replicas, ordered, devices, replicasMin, replicasMax } = stage;
  return `{ id: ${id}, label: ${JSON.stringify(label)},${place} steps: ${emitData(steps)}, replicas: ${replicas},${replicasMax === undefined ? "" : ` replicasMin: ${replicasMin ?? replicas}, replicasMax: ${replicasMax},`}${callsExtern(cx, pipeline, steps) ? " cores: 0," : ""} ordered: ${ordered}${devices === undefined ? "" : `, devices: ${emitData(devices)}`} },`;
}

/** Externs mostly wait for something else (a service, a device): as many wait at once as the plan has workers for them. */
function callsExtern(cx: EmitContext, pipeline: LoweredPipeline, steps: readonly number[]): boolean {
  const used = symbolsReached(cx.lowered, steps.flatMap((id) => stepExprs(pipeline.steps[id])));
  return cx.program.externs.some((extern) => used.has(extern.symbol));
}

function emitSink(cx: EmitContext, id: number, step: number, write: CheckedWrite, plan: PipelinePlan): Code {
  const { path, rows_per_file: rowsPerFile, partition_by: partitionBy, partitions_max: partitionsMax } = write.args;
  const perFile = numberOf(constantArgument(rowsPerFile));
  const most = numberOf(constantArgument(partitionsMax));
  const parts: Code[] = [
    `id: ${id}, label: ${JSON.stringify(plan.sinks[id]?.label ?? write.sink)}, at: ${emitPlace(cx, write.span)}, step: ${step},`,
    ["kernel: ", cx.sink(write.sink), ", args: () => (", emitArgs(cx, write.args, { leftOut: engineArgs, defaults: cx.catalog.sinks.get(write.sink)?.defaults }), "),"],
    ...(path === undefined ? [] : [["path: () => ", emitUri(cx, path), ","]]),
    ...(perFile === undefined ? [] : [`rowsPerFile: ${numberText(perFile)},`]),
    `partitionBy: ${emitData(stringsArgument(partitionBy))}, partitionsMax: ${most ?? PARTITIONS_MAX},`,
  ];
  return at(write.span, "{\n", lines(parts, 1), "},");
}

function emitErrorPolicy(cx: EmitContext, setting: SettingValue | undefined): Code {
  const fields = settingFields(setting);
  const max = fields === undefined ? 1 : (numberSetting(fields, "max") ?? 1);
  const name = policyName(setting);
  if (name === "skip") return `{ kind: "skip", max: ${numberText(max)} }`;
  if (name !== "dead_letter") return `{ kind: "fail" }`;
  return [`{ kind: "deadLetter", max: ${numberText(max)}, path: () => `, emitPathSetting(cx, fields?.["path"]), " }"];
}

function policyName(setting: SettingValue | undefined): string | undefined {
  if (setting?.kind === "call") return setting.name;
  if (setting?.kind !== "constant") return undefined;
  return setting.value.kind === "call" ? setting.value.name : setting.value.kind === "string" ? setting.value.value : undefined;
}

function emitPathSetting(cx: EmitContext, value: SettingValue | undefined): Code {
  if (value?.kind === "expr") return emitUri(cx, value.value);
  if (value?.kind !== "constant" || value.value.kind !== "string") throw new Error("a setting without its path");
  const path = programPath(cx, value.value.value, value.span.file);
  return at(value.span, cx.runtime("programFile"), "(", emitConstant({ kind: "string", value: path }, { kind: "string" }, () => ""), ")");
}
