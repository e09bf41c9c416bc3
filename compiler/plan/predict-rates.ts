/**
 * What the plan for hardware promises of the program that is emitted, which runs on one machine of it: source rows per
 * second of the whole, what limits them, and what each stage could do by itself. Runs show it beside what they measure.
 */
import type { Hardware, NodeType } from "../../stdlib/hw/hardware.ts";
import type { PredictedRates } from "../../runtime/contract/program.ts";
import type { ClusterPipeline, ClusterPlan, CpuStage } from "./cluster/cluster-plan.ts";
import { coreSpeed } from "./cluster/core-pool.ts";
import type { LoweredPipeline, LoweredProgram } from "./lowered-program.ts";
import type { PipelinePlan, Plan, StagePlan } from "./plan.ts";

/** `split` and `plan`: the program as it is emitted. `whole`: the stages that the plan for the cluster speaks of. */
export interface PredictRequest {
  readonly split: LoweredProgram;
  readonly whole: Plan;
  readonly cluster: ClusterPlan;
  readonly hardware: Hardware;
}

/** The plan with what it promises. */
export function predictRates(plan: Plan, { split, whole, cluster, hardware }: PredictRequest): Plan {
  const pipelines = plan.pipelines.map((own, index): PipelinePlan => {
    const [lowered, before] = [split.pipelines[index], whole.pipelines[index]];
    const solved = cluster.pipelines.find(({ name }) => name === own.name);
    if (lowered === undefined || before === undefined || solved === undefined) throw new Error(`pipeline ${own.name} has no plan`);
    return { ...own, predicted: predictPipeline({ own, lowered, before, solved, hardware }) };
  });
  return { ...plan, pipelines };
}

interface Predicting {
  readonly own: PipelinePlan;
  readonly lowered: LoweredPipeline;
  readonly before: PipelinePlan;
  readonly solved: ClusterPipeline;
  readonly hardware: Hardware;
}

function predictPipeline(on: Predicting): PredictedRates {
  const { own, before, solved, hardware } = on;
  const node = machineOf(on);
  const others = before.stages.filter(({ kind }) => kind !== "model");
  let next = 0;
  const stages = own.stages.map((stage) => {
    // Stages between models stand in the same order, however models are cut.
    const was = stage.kind === "model" ? undefined : others[next++];
    const rate = stage.kind === "model" ? modelRate(on, stage, node) : coresRate(solved.cpuStages.find(({ id, model }) => id === was?.id && model === null), stage.replicas, node);
    return rate === undefined ? undefined : digits(rate);
  });
  const machine = node.name;
  // Machines of one type do equal shares of everything.
  if (hardware.nodes.length === 1) return { rowsPerSecond: digits(solved.rowsPerSecond / Math.max(1, hardware.nodes[0]?.count ?? 1)), bottleneck: solved.bottleneck, machine, stages };
  const limits = [...own.stages.map(({ label }, id) => ({ name: label, rate: stages[id] ?? Infinity })), { name: "cores", rate: coresOf(solved, node) }];
  const least = limits.reduce((a, b) => (b.rate < a.rate ? b : a));
  return { rowsPerSecond: digits(least.rate), bottleneck: least.name, machine, stages };
}

/** The type of machine that the program runs on: that of the models' first stage, else the one that cores are planned for. */
function machineOf({ solved, hardware }: Predicting): NodeType {
  const named = solved.lanes[0]?.stages[0]?.machine;
  const [most] = hardware.nodes.toSorted((a, b) => b.count * b.node.cores - a.count * a.node.cores);
  const node = hardware.nodes.find((group) => group.node.name === named)?.node ?? most?.node;
  if (node === undefined) throw new Error("hardware without a machine");
  return node;
}

/** Each worker keeps one core busy. */
function coresRate(stage: CpuStage | undefined, replicas: number, node: NodeType): number | undefined {
  if (stage === undefined) return undefined;
  const ns = stage.nsPerRow * stage.rowsPerSource;
  return ns > 0 ? (Math.min(replicas, node.cores) * coreSpeed(node) * 1e9) / ns : undefined;
}

function modelRate({ solved, lowered }: Predicting, stage: StagePlan, node: NodeType): number | undefined {
  const step = lowered.steps[stage.steps[0] ?? -1];
  if (step?.kind !== "model" && step?.kind !== "modelPart") return undefined;
  const placed = step.placed?.parts[step.kind === "modelPart" ? step.index : 0];
  const onDevices = solved.lanes.flatMap(({ stages }) => stages).find(({ id }) => id === placed?.stage);
  if (onDevices !== undefined) return onDevices.psPerRow > 0 ? (stage.replicas * 1e12) / onDevices.psPerRow : undefined;
  // On cores the plan knows whole models only.
  const name = stage.models?.[0]?.name;
  const onCores = step.kind === "model" ? solved.cpuStages.find(({ model }) => model?.name === name) : undefined;
  if (onCores?.model == null || onCores.model.msPerBatch === 0) return undefined;
  const { batch, threads, msPerBatch } = onCores.model;
  const atOnce = Math.min(stage.replicas, Math.max(1, Math.floor(node.cores / threads)));
  return (atOnce * batch * 1000) / (msPerBatch * onCores.rowsPerSource);
}

/** What the machine's cores allow, which all that runs on them shares. */
function coresOf(solved: ClusterPipeline, node: NodeType): number {
  const ns = solved.cpuStages.reduce((sum, stage) => sum + stage.nsPerRow * stage.rowsPerSource, 0);
  return ns > 0 ? (node.cores * coreSpeed(node) * 1e9) / ns : Infinity;
}

/** What people can read, and the same on every machine. */
function digits(value: number): number {
  return Number(value.toPrecision(6));
}
