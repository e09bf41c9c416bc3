/**
 * Plans a program for a cluster: each pipeline is searched, its settings are priced, other plans are tried for
 * comparison. What does not fit is a diagnostic with the smallest change that does.
 *
 * Before: a lowered program and its plan of stages. After: a plan that `verifyClusterPlan` accepts.
 */
import { clusterPlanCodes } from "../../../language/diagnostics/codes/cluster-plan.ts";
import { report } from "../../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import type { Span } from "../../../language/source/span.ts";
import type { Hardware } from "../../../stdlib/hw/hardware.ts";
import type { LoweredProgram } from "../lowered-program.ts";
import type { PlacementHints } from "../place/problem.ts";
import { acceleratorsOf } from "../place/problem.ts";
import type { Plan } from "../plan.ts";
import { constantSetting } from "../settings.ts";
import { hardwareOfConstant } from "../hardware/hardware-of-constant.ts";
import { assemblePipeline, machineGroups } from "./assemble-plan.ts";
import type { Calibration } from "./calibration.ts";
import type { Alternative, ClusterPipeline, ClusterPlan } from "./cluster-plan.ts";
import { describePipeline } from "./describe-pipeline.ts";
import type { GraphReader, ModelDemand, PipelineWork } from "./describe-pipeline.ts";
import { mayUse } from "./model-groups.ts";
import { searchPipeline } from "./search.ts";
import type { Found } from "./search.ts";
import { explainShortage } from "./shortage.ts";
import { verifyClusterPipeline } from "./verify-cluster-plan.ts";

export interface ClusterRequest {
  readonly readGraph: GraphReader;
  /** Instead of what the pipelines say. */
  readonly hardware?: Hardware;
  readonly calibration?: Calibration;
  /** False: only the plan itself, without other plans to compare it with and without the prices of settings. */
  readonly compare?: boolean;
}

export interface ClusterResult {
  /** Undefined if there are errors. */
  readonly plan: ClusterPlan | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** True where the only problem is that something does not fit. */
  readonly doesNotFit: boolean;
}

/** The hardware that a program states: that of its first pipeline with a `hardware:` setting. */
export function statedHardware(program: LoweredProgram): Hardware | undefined {
  for (const pipeline of program.pipelines) {
    const value = constantSetting(pipeline.settings, "hardware");
    if (value !== undefined) return hardwareOfConstant(value);
  }
  return undefined;
}

export function planCluster(program: LoweredProgram, plan: Plan, hardware: Hardware, request: ClusterRequest): ClusterResult {
  const diagnostics: Diagnostic[] = [];
  let doesNotFit = false;
  const pipelines = program.pipelines.flatMap((pipeline, index): ClusterPipeline[] => {
    const stages = plan.pipelines[index];
    if (stages === undefined) throw new Error(`pipeline ${pipeline.name} has no plan`);
    const described = describePipeline(program, pipeline, stages, request.readGraph, request.calibration);
    const work = { ...described, assumes: [...described.assumes, ...broughtOver(hardware, request.calibration)] };
    const result = planPipelineWork(work, hardware, request.calibration, pipeline.span, request.compare);
    diagnostics.push(...result.diagnostics);
    doesNotFit ||= result.doesNotFit;
    return result.pipeline === undefined ? [] : [result.pipeline];
  });
  const isWhole = pipelines.length === program.pipelines.length;
  return { plan: isWhole ? { version: 1, hardware: machineGroups(hardware), pipelines } : undefined, diagnostics, doesNotFit };
}

/** Measurements of one machine say something of another only in proportion. */
function broughtOver(hardware: Hardware, calibration: Calibration | undefined): readonly string[] {
  const others = [...new Set(hardware.nodes.map(({ node }) => node.core.name))].filter((name) => name !== calibration?.machine);
  return calibration === undefined || others.length === 0 ? [] : [`what was measured on ${calibration.machine === "" ? "a machine without a name" : calibration.machine} takes longer or shorter on ${others.join(" and ")} as their peak rates differ`];
}

export interface PlannedWork {
  readonly pipeline: ClusterPipeline | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly doesNotFit: boolean;
}

/** One pipeline; `at` is where its diagnostics point. */
export function planPipelineWork(work: PipelineWork, hardware: Hardware, calibration: Calibration | undefined, at: Span, compare = true): PlannedWork {
  const unknown = unknownDevices(work, hardware, at);
  if (unknown.length > 0) return { pipeline: undefined, diagnostics: unknown, doesNotFit: false };
  const found = searchPipeline(work, hardware, calibration);
  if ("unplaced" in found) {
    const shortages = [
      ...found.unplaced.map(explainShortage),
      ...found.tooLargeForMachines.map((demand) => ({ models: demand.work.name, short: "no machine has the memory for one replica on its cores", fix: "use machines with more memory, or a smaller batch" })),
    ];
    const diagnostics = shortages.map(({ models, short, fix }) => report(clusterPlanCodes.planDoesNotFit, { models, short }, { at, fix: { text: fix, edits: [] } }));
    return { pipeline: undefined, diagnostics, doesNotFit: true };
  }
  const pipeline = assemblePipeline(work, hardware, found, compare ? tryAlternatives(work, hardware, calibration, found) : []);
  if (pipeline === undefined) {
    const short = "gangs of devices do not fit the machines they would have to be in";
    return { pipeline: undefined, diagnostics: [report(clusterPlanCodes.planDoesNotFit, { models: work.models.map((demand) => demand.work.name).join(" with "), short }, { at })], doesNotFit: true };
  }
  verifyClusterPipeline(pipeline, work, hardware);
  return { pipeline, diagnostics: compare ? priceHints(work, hardware, calibration, found, at) : [], doesNotFit: false };
}

function unknownDevices(work: PipelineWork, hardware: Hardware, at: Span): readonly Diagnostic[] {
  const kinds = acceleratorsOf(hardware);
  const names = [...new Set(kinds.map((kind) => kind.device.name))];
  return work.models.flatMap((demand) => {
    const { device } = demand;
    if (device === undefined || device === "cpu" || kinds.some((kind) => mayUse(demand, kind))) return [];
    return [report(clusterPlanCodes.unknownDevice, { device, has: names.length === 0 ? "only cores" : names.join(", ") }, { at })];
  });
}

/** The rate of a variation, or undefined if it does not fit. */
function rateOf(work: PipelineWork, hardware: Hardware, calibration: Calibration | undefined): { readonly rows: number; readonly limit: string } | undefined {
  const found = searchPipeline(work, hardware, calibration);
  if ("unplaced" in found) return undefined;
  const slowest = found.limits.reduce((a, b) => (b.periodPs > a.periodPs ? b : a));
  return { rows: 1e12 / found.periodPs, limit: slowest.name };
}

const PRICE_MIN = 0.05;

/** Settings without which the plan would be more than 5 % faster. */
function priceHints(work: PipelineWork, hardware: Hardware, calibration: Calibration | undefined, found: Found, at: Span): readonly Diagnostic[] {
  const rows = 1e12 / found.periodPs;
  const price = (setting: string, isSet: (demand: ModelDemand) => boolean, without: (demand: ModelDemand) => ModelDemand): readonly Diagnostic[] => {
    if (!work.models.some(isSet)) return [];
    const other = rateOf({ ...work, models: work.models.map(without) }, hardware, calibration);
    if (other === undefined || other.rows < rows * (1 + PRICE_MIN)) return [];
    const percent = ((1 - rows / other.rows) * 100).toFixed(0);
    return [report(clusterPlanCodes.hintPrice, { setting, percent, rows: printRate(rows), without: printRate(other.rows) }, { at })];
  };
  const drop = (key: keyof PlacementHints) => (demand: ModelDemand): ModelDemand => {
    const { [key]: _dropped, ...hints } = demand.hints;
    return { ...demand, hints };
  };
  return [
    ...(["pipeline", "tensor", "replicas", "memoryBytes", "colocate"] as const).flatMap((key) => price(SETTING_NAMES[key], (demand) => demand.hints[key] !== undefined, drop(key))),
    ...price("batch", (demand) => demand.batches.length < demand.batchesFree.length, (demand) => ({ ...demand, batches: demand.batchesFree })),
    ...price("device", (demand) => demand.device !== undefined, ({ device: _device, ...demand }) => ({ ...demand, device: undefined })),
  ];
}

const SETTING_NAMES = { pipeline: "shard: { pipeline }", tensor: "shard: { tensor }", replicas: "replicas", memoryBytes: "memory", colocate: "colocate" } as const;

/** "13,285", or with a decimal where that says more. */
export function printRate(rows: number): string {
  if (rows < 100) return rows.toPrecision(3);
  return Math.round(rows).toString().replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

const ALTERNATIVES_SHOWN = 3;

/** Other plans near the one found: more or fewer stages, shared stages, smaller batches, one kind of device. */
function tryAlternatives(work: PipelineWork, hardware: Hardware, calibration: Calibration | undefined, found: Found): readonly Alternative[] {
  const rows = 1e12 / found.periodPs;
  const lanes = found.groups.flatMap((group) => group.lanes);
  const depth = Math.max(0, ...lanes.map((lane) => lane.stages.length));
  const degree = Math.max(0, ...lanes.flatMap((lane) => lane.stages.map((stage) => stage.degree)));
  const batch = Math.max(1, ...lanes.flatMap((lane) => lane.stages.flatMap((stage) => stage.parts.map((part) => part.batch))), ...found.cpuModels.map(({ plan }) => plan.batch));
  const hinted = (changed: PlacementHints) => work.models.map((demand) => ({ ...demand, hints: { ...demand.hints, ...changed } }));
  const isFree = (key: keyof PlacementHints): boolean => work.models.every((demand) => demand.hints[key] === undefined);
  const smaller = work.models.map((demand) => ({ ...demand, batches: demand.batches.filter((size, index) => index === 0 || size < batch) }));
  const usedKinds = [...new Set(lanes.flatMap((lane) => lane.stages.map((stage) => stage.kind)))];
  const variations: readonly (readonly [string, PipelineWork, Hardware])[] = [
    ...(depth > 0 && isFree("pipeline") && isFree("replicas") ? [depth - 1, depth + 1].filter((stages) => stages > 0).map((stages) => [`${stages} ${stages === 1 ? "stage" : "stages"} a lane`, { ...work, models: hinted({ pipeline: stages }) }, hardware] as const) : []),
    ...(degree > 0 && isFree("tensor") ? [[`stages shared by ${degree * 2} devices`, { ...work, models: hinted({ tensor: degree * 2 }) }, hardware] as const] : []),
    ...(smaller.some((demand, index) => demand.batches.length < (work.models[index]?.batches.length ?? 0)) ? [[`batches below ${batch}`, { ...work, models: smaller }, hardware] as const] : []),
    ...(usedKinds.length > 1 ? usedKinds.map((kind) => [`models on ${found.kinds[kind]?.device.name ?? ""} only`, { ...work, models: work.models.map((demand) => ({ ...demand, device: found.kinds[kind]?.device.name })) }, hardware] as const) : []),
  ];
  return variations
    .map(([what, changed, on]): Alternative => {
      const other = rateOf(changed, on, calibration);
      if (other === undefined) return { what, rowsPerSecond: 0, why: "does not fit" };
      const loss = 1 - other.rows / rows;
      const why = loss > 1e-9 ? `${(loss * 100).toFixed(1)} % slower: limited by ${other.limit}` : "no faster, and takes more devices or memory";
      return { what, rowsPerSecond: Number(other.rows.toPrecision(12)), why };
    })
    .sort((a, b) => b.rowsPerSecond - a.rowsPerSecond)
    .slice(0, ALTERNATIVES_SHOWN);
}
