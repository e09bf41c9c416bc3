/** The plan for people (`plan.txt`, `pipec plan`) and for programs (`plan.json`). */
import { printRate } from "./cluster/plan-cluster.ts";
import type { EdgePlan, ModelPlan, PipelinePlan, Plan, StagePlan } from "./plan.ts";

/** Stable text: equal plans print equally. */
export function printPlan(plan: Plan): string {
  return plan.pipelines.map(printPipeline).join("\n");
}

/** JSON with sorted structure as in the types, ending in a line end. */
export function planToJson(plan: Plan): string {
  return `${JSON.stringify(plan, undefined, 2)}\n`;
}

function printPipeline(plan: PipelinePlan): string {
  const rows = [["stage", "runs", "workers", "what"], ...plan.stages.map((stage) => [`${stage.id} ${stage.label}`, stage.kind + (stage.ordered && stage.kind !== "source" ? ", in order" : ""), printReplicas(stage), describe(stage)])];
  const lines = [
    `pipeline ${plan.name}`,
    `  chunks of ${plan.chunkRows} rows${plan.chunkBytes === undefined ? "" : ` (${printBytes(plan.chunkBytes)} at most)`}, ${plan.groupChunks} chunks a commit, ${plan.tickets} chunks under way`,
    "",
    ...table(rows).map((line) => `  ${line}`),
    "",
    ...printParts(plan),
    ...table([["edge", "waits", "bytes"], ...plan.edges.map((edge) => printEdge(plan, edge))]).map((line) => `  ${line}`),
    "",
    ...printMemory(plan),
    ...printPredicted(plan),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** Of the workers of all replicas with this rank. */
function devicesOfRank(stage: StagePlan, device: string, rank: number): string {
  return [...new Set(stage.devices?.map((own) => own[rank] ?? device) ?? [device])].join(", ");
}

function printFiles(files: readonly string[]): string {
  const [first = "", last = ""] = [files[0], files.at(-1)];
  return files.length < 3 ? files.join(", ") : `${files.length} segments: ${first} to ${last.slice(last.lastIndexOf("/") + 1)}`;
}

function printReplicas({ replicas, replicasMin, replicasMax, replicasOfAll }: StagePlan): string {
  const range = replicasMax === undefined ? "" : ` (${replicasMin ?? replicas} to ${replicasMax})`;
  return `${replicas}${replicasOfAll === undefined ? "" : ` of ${replicasOfAll}`}${range}`;
}

function describe(stage: StagePlan): string {
  if (stage.models === undefined) return stage.stepNames.join(" -> ");
  const all = stage.devices?.flat();
  return stage.models.map((model) => describeModel(model, all ?? model.part?.ranks.map((rank) => rank.device) ?? [model.device])).join("; ");
}

function describeModel(model: ModelPlan, on: readonly string[]): string {
  const weights = model.weightBytes > 0 ? `, weights ${printBytes(model.weightBytes)}${model.shareWeights ? " shared by all workers" : ""}` : "";
  const activations = model.activationBytes === undefined ? "" : `, activations ${printBytes(model.activationBytes)}`;
  const part = model.part === undefined ? "" : `part ${model.part.index + 1} of ${model.part.count} of `;
  const devices = [...new Set(on)].join(", ");
  const asIs = model.optimize ? "" : ", as the file has it";
  return `${part}model ${model.name}, batches of ${model.batch} on ${devices}, ${model.intraOpThreads} threads${asIs}${weights}${activations}`;
}

/** What each part of a cut model holds, and the files that its workers run. */
function printParts(plan: PipelinePlan): readonly string[] {
  const parts = plan.stages.flatMap((stage) => (stage.models ?? []).flatMap((model) => (model.part === undefined ? [] : [{ stage, model, part: model.part }])));
  if (parts.length === 0) return [];
  const rows = parts.flatMap(({ stage, model, part }) => {
    const blocks = part.firstBlock === part.lastBlock ? part.firstBlock : `${part.firstBlock} to ${part.lastBlock}`;
    const sends = part.sendBytesPerRow === undefined ? "" : `, sends ${printBytes(part.sendBytesPerRow)} a row`;
    return [
      [`${model.name} ${part.index + 1}/${part.count}`, `stage ${stage.id}`, `${part.nodes} nodes, ${blocks}${sends}`],
      ...part.ranks.map((rank, index) => [part.ranks.length === 1 ? "" : `  rank ${index}`, devicesOfRank(stage, rank.device, index), printFiles(rank.segments.map(({ file }) => file))]),
    ];
  });
  return [...table([["part", "runs on", "what"], ...rows]).map((line) => `  ${line}`), ""];
}

function printEdge(plan: PipelinePlan, edge: EdgePlan): readonly string[] {
  const to = edge.to.kind === "stage" ? plan.stages[edge.to.stage]?.label : plan.sinks[edge.to.sink]?.label;
  return [`${plan.stages[edge.fromStage]?.label} -> ${to}`, `${edge.queueChunks} ${edge.byParts === true ? "parts" : "chunks"}`, `at most ${printBytes(edge.queueBytesMax)}`];
}

function printMemory(plan: PipelinePlan): readonly string[] {
  const { boundBytes, edgeBytes, joinBytes, sinkBytes, replicaBytes, workerBytes } = plan.memory;
  const parts = [["edges", edgeBytes], ["joins", joinBytes], ["sinks", sinkBytes], ["stages", replicaBytes], ["workers", workerBytes]] as const;
  return [`  memory at most ${printBytes(boundBytes)}: ${parts.map(([name, bytes]) => `${name} ${printBytes(bytes)}`).join(", ")}`];
}

function printPredicted({ predicted }: PipelinePlan): readonly string[] {
  return predicted === undefined ? [] : [`  predicted: ${printRate(predicted.rowsPerSecond)} rows/s on ${predicted.machine}, limited by ${predicted.bottleneck}`];
}

/** "6.5 GiB"; exact below 1 KiB. */
export function printBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
}
