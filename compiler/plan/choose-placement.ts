/**
 * Decides where models run: as the plan for the program's hardware has it, else as the program's settings say. Of a
 * cluster, the program that is emitted takes what one machine holds.
 */
import type { ConstantValue } from "../../language/catalog/constant-value.ts";
import type { Hardware } from "../../stdlib/hw/hardware.ts";
import type { ClusterLane, ClusterPipeline, ClusterPlan, ClusterStage } from "./cluster/cluster-plan.ts";
import type { LoweredPipeline, LoweredProgram, ModelStep, Step } from "./lowered-program.ts";
import type { CallPlacement, PartPlacement, PipelinePlacement, Placement } from "./placement.ts";
import type { PipelinePlan, Plan, StagePlan } from "./plan.ts";
import { constantSetting, countOf, numberSetting, rangeOf, settingFields, stringSetting } from "./settings.ts";

type Call = Step & ModelStep;

/**
 * What rows take is stated for typical ones: a picture of half a megapixel, where a camera's has twelve. So many times
 * the planned workers may be loaded, as far as the machine has cores.
 */
const WORKERS_FACTOR = 4;

/** The settings alone: cuts and degrees that the program asks for, all on the device that it names. */
export function placementOfSettings(program: LoweredProgram): Placement {
  return { pipelines: program.pipelines.map((pipeline) => ({ calls: new Map(modelSteps(pipeline).map((step) => [step.id, callOfSettings(program, step)])), workers: new Map() })) };
}

/** `plan`: the stages of the program with whole models, which the plan for the cluster started from. */
export function placementOfCluster(program: LoweredProgram, plan: Plan, cluster: ClusterPlan, hardware: Hardware): Placement {
  const devices = new Map(hardware.nodes.flatMap(({ node }) => node.devices.map(({ count, device }) => [device.name, { provider: device.provider, perMachine: count }] as const)));
  const pipelines = program.pipelines.map((pipeline, index): PipelinePlacement => {
    const planned = plan.pipelines[index];
    const solved = cluster.pipelines.find((candidate) => candidate.name === pipeline.name);
    if (planned === undefined || solved === undefined) throw new Error(`pipeline ${pipeline.name} has no plan`);
    return placePipeline(program, pipeline, { planned, solved, ...machinesOf(solved, hardware), devices });
  });
  const [largest] = hardware.nodes.toSorted((a, b) => b.node.memoryBytes - a.node.memoryBytes);
  return { pipelines, ...(largest === undefined ? {} : { memoryBytes: largest.node.memoryBytes }) };
}

interface Solved {
  readonly planned: PipelinePlan;
  readonly solved: ClusterPipeline;
  /** Of the type that the program runs on: those that hold the models' first stage, else all. */
  readonly machines: number;
  readonly cores: number;
  /** By name of the device type. */
  readonly devices: ReadonlyMap<string, { readonly provider: "cpu" | "cuda"; readonly perMachine: number }>;
}

/** Where models are on devices, their machines do all the work among them, as far as they have the cores. */
function machinesOf(solved: ClusterPipeline, { nodes }: Hardware): Pick<Solved, "machines" | "cores"> {
  const named = solved.lanes[0]?.stages[0]?.machine;
  const own = nodes.filter(({ node }) => node.name === named);
  const used = own.length > 0 ? own : nodes;
  return { machines: Math.max(1, used.reduce((sum, { count }) => sum + count, 0)), cores: Math.max(1, ...used.map(({ node }) => node.cores)) };
}

function placePipeline(program: LoweredProgram, pipeline: LoweredPipeline, on: Solved): PipelinePlacement {
  const stageOf = new Map(on.planned.stages.flatMap((stage) => stage.steps.map((step) => [step, stage] as const)));
  const calls = modelSteps(pipeline).map((step) => [step.id, placeCall(program, step, stageOf.get(step.id), on)] as const);
  const workers = on.planned.stages.flatMap((stage) => {
    const own = on.solved.cpuStages.find((candidate) => candidate.kind === "map" && candidate.id === stage.id);
    const first = stage.steps[0];
    if (own === undefined || first === undefined || stage.ordered) return [];
    const here = onOneMachine(own.replicas, on);
    return [[first, { here, most: Math.min(on.cores, WORKERS_FACTOR * here), ...(on.machines === 1 ? {} : { ofAll: own.replicas }) }] as const];
  });
  return { calls: new Map(calls), workers: new Map(workers) };
}

function placeCall(program: LoweredProgram, step: Call, stage: StagePlan | undefined, on: Solved): CallPlacement {
  const name = nameOf(program, step);
  // Where lanes differ, the first decides: batches and cuts decide bytes, and those are the same on all devices.
  const lane = on.solved.lanes.find((candidate) => candidate.stages.some((own) => own.parts.some((part) => part.model === name)));
  if (lane !== undefined) return placeOnLane(name, lane, on);
  const own = callOfSettings(program, step);
  const onCores = on.solved.cpuStages.find((candidate) => candidate.id === stage?.id && candidate.model !== null);
  if (onCores?.model == null) return own;
  const replicas = onOneMachine(onCores.replicas, on);
  const parts = own.parts.map((part) => (part.replicas !== undefined ? part : { ...part, replicas, range: part.range ?? { low: 1, high: replicas }, ...ofAll(onCores.replicas, on), devices: Array.from({ length: replicas }, () => part.devices[0] ?? []) }));
  return { batch: onCores.model.batch, threads: onCores.model.threads, parts };
}

/** The share of one machine, at least one. */
function onOneMachine(replicas: number, { machines, cores }: Solved): number {
  return Math.max(1, Math.min(cores, Math.ceil(replicas / machines)));
}

function ofAll(replicas: number, { machines }: Solved): { readonly replicasOfAll?: number } {
  return machines === 1 ? {} : { replicasOfAll: replicas };
}

function placeOnLane(model: string, lane: ClusterLane, on: Solved): CallPlacement {
  const devices = devicesOfOneMachine(lane, on);
  const held = lane.stages.flatMap((stage, index) => stage.parts.filter((part) => part.model === model).map((part) => ({ stage, part, devices: devices[index] ?? [] })));
  const parts = held.map(({ stage, part, devices: own }, at): PartPlacement => ({
    stage: stage.id,
    ...(at === held.length - 1 ? {} : { nodesUpTo: part.to }),
    degree: stage.degree,
    replicas: own.length,
    ...ofAll(stage.replicas, on),
    devices: own,
  }));
  const batch = held[0]?.part.batch;
  return { ...(batch === undefined ? {} : { batch }), parts };
}

/** By stage and replica. What the first machine holds of every stage; where stages lie apart, an even share of each, numbered through. */
function devicesOfOneMachine(lane: ClusterLane, on: Solved): readonly (readonly (readonly string[])[])[] {
  const name = ({ device }: ClusterStage, number: number): string => {
    const { provider = "cpu", perMachine = 1 } = on.devices.get(device) ?? {};
    return provider === "cpu" ? "cpu" : `${provider}:${number % perMachine}`;
  };
  const onFirst = lane.stages.map((stage) => stage.gangs.filter((gang) => gang.every((device) => device.startsWith("0:"))));
  const isOfOneKind = new Set(lane.stages.map((stage) => `${stage.machine} ${stage.device}`)).size === 1;
  if (isOfOneKind && onFirst.every((gangs) => gangs.length > 0)) {
    return lane.stages.map((stage, index) => (onFirst[index] ?? []).map((gang) => gang.map((device) => name(stage, Number(device.slice(2))))));
  }
  const all = lane.stages.reduce((sum, stage) => sum + stage.gangs.length * stage.degree, 0);
  const here = Math.min(...lane.stages.map((stage) => on.devices.get(stage.device)?.perMachine ?? 1));
  let next = 0;
  return lane.stages.map((stage) => {
    const replicas = Math.max(1, Math.floor((stage.gangs.length * Math.min(here, all)) / all));
    return Array.from({ length: replicas }, () => Array.from({ length: stage.degree }, () => name(stage, next++)));
  });
}

/** `shard: { pipeline, tensor }`, `replicas`, `device`, `colocate` of a call, carried out by themselves. */
function callOfSettings(program: LoweredProgram, step: Call): CallPlacement {
  const shard = settingFields(step.settings["shard"]) ?? {};
  const count = numberSetting(shard, "pipeline") ?? 1;
  const degree = numberSetting(shard, "tensor") ?? 1;
  const device = stringSetting(step.settings, "device") ?? stringSetting(modelOf(program, step).settings, "device") ?? "cpu";
  // Parts of one map's models share stages where the program says so.
  const setting = constantSetting(step.settings, "colocate");
  const isColocated = setting?.kind === "bool" && setting.value;
  const key = isColocated ? `${step.span.file}:${step.span.start}` : `step ${step.id}`;
  const parts = Array.from({ length: count }, (_, index): PartPlacement => {
    const wanted = replicasSetting(step, index);
    const [replicas, range] = [countOf(wanted), rangeOf(wanted)];
    return {
      stage: count === 1 && !isColocated ? key : `${key}/${index + 1}`,
      degree,
      ...(replicas === undefined ? {} : { replicas }),
      ...(range === undefined ? {} : { range }),
      devices: Array.from({ length: replicas ?? 1 }, () => Array.from({ length: degree }, () => device)),
    };
  });
  return { parts };
}

/** `replicas` may be a list, by stage. */
function replicasSetting(step: Step, stage: number): ConstantValue | undefined {
  const setting = constantSetting(step.settings, "replicas");
  return setting?.kind === "list" ? setting.items[Math.min(stage, setting.items.length - 1)] : setting;
}

function modelSteps(pipeline: LoweredPipeline): readonly Call[] {
  return pipeline.steps.flatMap((step) => (step.kind === "model" ? [step] : []));
}

function modelOf(program: LoweredProgram, step: Call): LoweredProgram["checked"]["models"][number] {
  const model = program.checked.models.find((candidate) => candidate.symbol === step.model);
  if (model === undefined) throw new Error(`model ${step.model} is not in the program`);
  return model;
}

function nameOf(program: LoweredProgram, step: Call): string {
  return modelOf(program, step).name;
}
