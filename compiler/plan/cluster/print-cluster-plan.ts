/** The cluster plan for people. Stable: equal plans print equally. */
import { printBytes } from "../print-plan.ts";
import type { ClusterPart, ClusterPipeline, ClusterPlan, ClusterStage, CpuStage } from "./cluster-plan.ts";
import { printRate } from "./plan-cluster.ts";

export interface PrintOptions {
  /** For the time and the price of a job of so many rows. */
  readonly rows?: number;
}

export function printClusterPlan(plan: ClusterPlan, options: PrintOptions = {}): string {
  const machines = plan.hardware.map(({ count, name, devices, cores }) => `${count} x ${name} (${[...devices.map((group) => `${group.count} ${group.name}`), `${cores} cores`].join(", ")})`);
  return [`hardware: ${machines.join(" + ")}`, "", ...plan.pipelines.map((pipeline) => printPipeline(pipeline, options))].join("\n");
}

export function clusterPlanToJson(plan: ClusterPlan): string {
  return `${JSON.stringify(plan, undefined, 2)}\n`;
}

function printPipeline(pipeline: ClusterPipeline, options: PrintOptions): string {
  const best = printRate(pipeline.bestRowsPerSecond) !== printRate(pipeline.rowsPerSecond) ? [`${printRate(pipeline.bestRowsPerSecond)} rows/s with larger batches or more devices${pipeline.optimal ? ", proved the best possible" : ""}`] : [];
  const bound = pipeline.optimal ? (best.length > 0 ? [] : ["proved the best possible"]) : [`at most ${printRate(pipeline.boundRowsPerSecond)} rows/s are possible, a gap of ${(pipeline.gap * 100).toFixed(2)} %`];
  const lines = [
    `pipeline ${pipeline.name}: ${printRate(pipeline.rowsPerSecond)} rows/s, limited by ${pipeline.bottleneck}`,
    ...best,
    ...bound,
    ...printJob(pipeline, options),
    "",
    ...table([["stage", "on", "replicas", "batch", "ms/batch", "rows/s", "memory of one device"], ...pipeline.cpuStages.map((stage) => cpuRow(pipeline, stage)), ...pipeline.lanes.flatMap((lane) => lane.stages.flatMap((stage) => stageRows(stage)))]),
    "",
    ...printCuts(pipeline),
    ...table([["resource", "could do", "in use"], ...pipeline.resources.map(({ name, limitRowsPerSecond, use }) => [name, `${printRate(limitRowsPerSecond)} rows/s`, `${(use * 100).toFixed(0)} %`])]),
    "",
    ...table([["edge", "bytes a row", "waits"], ...pipeline.edges.map((edge) => [`${edge.from} -> ${edge.to}`, printBytes(edge.bytesPerRow), `${edge.queueBatches} batches`])]),
    ...(pipeline.edges.length > 0 ? [""] : []),
    ...(pipeline.alternatives.length === 0 ? [] : ["other plans", ...pipeline.alternatives.map(({ what, rowsPerSecond, why }) => `  ${what}: ${rowsPerSecond > 0 ? `${printRate(rowsPerSecond)} rows/s, ` : ""}${why}`), ""]),
    "taken for granted",
    ...pipeline.assumes.map((assumed) => `  ${assumed}`),
  ];
  return `${lines.map((line, index) => (index === 0 || line === "" ? line : `  ${line.trimEnd()}`)).join("\n")}\n`;
}

function printJob(pipeline: ClusterPipeline, { rows }: PrintOptions): readonly string[] {
  const price = pipeline.dollarsPerHour;
  const perMillion = price === null ? [] : [`$${printAmount((price / 3600) * (1e6 / pipeline.rowsPerSecond))} per million rows`];
  if (rows === undefined) return perMillion;
  const seconds = rows / pipeline.rowsPerSecond;
  const cost = price === null ? "no price known" : `$${printAmount((price * seconds) / 3600)}`;
  return [`${printRate(rows)} rows: ${printDuration(seconds)}, ${cost}`, ...perMillion];
}

function printAmount(dollars: number): string {
  return dollars < 1 ? dollars.toPrecision(3) : dollars.toFixed(2);
}

function printDuration(seconds: number): string {
  if (seconds < 120) return `${seconds.toPrecision(3)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(1)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}

function cpuRow(pipeline: ClusterPipeline, stage: CpuStage): readonly string[] {
  const { model } = stage;
  const rate = stage.replicas > 0 ? pipeline.rowsPerSecond : 0;
  const measured = stage.measured ? " (measured)" : "";
  if (model === null) return [stage.label, "cores", String(stage.replicas), "", `${(stage.nsPerRow / 1e6).toPrecision(3)} a row${measured}`, printRate(rate * stage.rowsPerSource), ""];
  return [stage.label, `cores, ${model.threads} ${model.threads === 1 ? "thread" : "threads"}`, String(stage.replicas), String(model.batch), `${model.msPerBatch.toPrecision(3)}${measured}`, printRate(rate * stage.rowsPerSource), printBytes(model.bytes)];
}

function stageRows(stage: ClusterStage): readonly (readonly string[])[] {
  return stage.parts.map((part, index) => {
    const gang = stage.degree === 1 ? stage.device : `${stage.degree} x ${stage.device}`;
    const share = index === 0 ? [String(stage.replicas), memoryBar(stage)] : ["shared", ""];
    const name = stage.parts.length === 1 ? stage.id : `${stage.id}: ${part.model}`;
    return [name, gang, share[0] ?? "", String(part.batch), `${part.msPerBatch.toPrecision(3)}${part.measured ? " (measured)" : ""}`, index === 0 ? printRate(stage.rowsPerSecond) : "", share[1] ?? ""];
  });
}

const BAR_CELLS = 16;

function memoryBar({ bytes, usableBytes }: ClusterStage): string {
  const filled = Math.min(BAR_CELLS, Math.ceil((bytes / usableBytes) * BAR_CELLS));
  return `[${"#".repeat(filled)}${".".repeat(BAR_CELLS - filled)}] ${printBytes(bytes)} of ${printBytes(usableBytes)}`;
}

/** Where models are cut, in the names of their blocks. */
function printCuts(pipeline: ClusterPipeline): readonly string[] {
  const parts = pipeline.lanes.flatMap((lane) => lane.stages.flatMap((stage) => stage.parts.map((part) => ({ stage, part }))));
  const cut = parts.filter(({ part }) => part.from > 0 || part.to < part.nodes);
  if (cut.length === 0) return [];
  return [...cut.map(({ stage, part }) => `${stage.id} holds ${part.model} ${blocksOf(part)}, weights ${printBytes(part.weightBytes)}`), ""];
}

function blocksOf(part: ClusterPart): string {
  const blocks = part.firstBlock === part.lastBlock ? part.firstBlock : `${part.firstBlock} to ${part.lastBlock}`;
  return `${blocks} (nodes ${part.from} to ${part.to - 1} of ${part.nodes})`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length < 2) return [];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
}
