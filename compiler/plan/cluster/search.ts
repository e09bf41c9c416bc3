/**
 * The search for one pipeline on one cluster: what every resource allows, the period that all of them allow together,
 * and lanes of few devices at that period. Pure and deterministic; words and tables are made elsewhere.
 */
import type { Hardware } from "../../../stdlib/hw/hardware.ts";
import { placeModels } from "../place/place-models.ts";
import type { Placement } from "../place/place-models.ts";
import { acceleratorsOf, devicesByKind, devicesOf } from "../place/problem.ts";
import type { AcceleratorKind, Lane } from "../place/problem.ts";
import { workFloorPs } from "../place/work-floor.ts";
import { measuredStage } from "./calibration.ts";
import type { Calibration } from "./calibration.ts";
import { coresPeriod, poolModel } from "./core-pool.ts";
import type { PooledModel } from "./core-pool.ts";
import type { CoreWork, ModelDemand, PipelineWork } from "./describe-pipeline.ts";
import { groupModels, mayUse } from "./model-groups.ts";
import type { ModelGroup } from "./model-groups.ts";
import { networkFloorPs, networkLimits } from "./network.ts";

/** A plan may be this much slower than the best if it then takes fewer devices. */
export const PERIOD_EPSILON = 0.005;

export interface Found {
  readonly kinds: readonly AcceleratorKind[];
  readonly groups: readonly PlacedGroup[];
  readonly cpuModels: readonly PooledModel[];
  readonly cores: readonly (CoreWork & { readonly measured: boolean })[];
  /** What each resource allows, in picoseconds per row of the source. */
  readonly limits: readonly Limit[];
  readonly periodPs: number;
  /** With every device, over the network as this placement loads it. */
  readonly bestPeriodPs: number;
  readonly boundPs: number;
}

export interface PlacedGroup {
  readonly group: ModelGroup;
  readonly placement: Placement;
  readonly lanes: readonly Lane[];
}

export interface Limit {
  readonly name: string;
  readonly periodPs: number;
}

/** Models that no device (or no memory of a machine) can hold. */
export interface NotFound {
  readonly unplaced: readonly ModelGroup[];
  readonly tooLargeForMachines: readonly ModelDemand[];
}

export function searchPipeline(work: PipelineWork, hardware: Hardware, calibration: Calibration | undefined): Found | NotFound {
  const kinds = acceleratorsOf(hardware);
  const onDevices = work.models.filter((demand) => demand.device !== "cpu" && kinds.some((kind) => mayUse(demand, kind)));
  const onCores = work.models.filter((demand) => !onDevices.includes(demand));
  const pooled = onCores.map((demand) => ({ demand, model: poolModel(demand, hardware, calibration) }));
  const tooLarge = pooled.flatMap(({ demand, model }) => (model === undefined ? [demand] : []));
  const placedModels = pooled.flatMap(({ model }) => model ?? []);
  const cores = work.cores.map((stage) => withMeasured(stage, work.name, calibration));
  const stagesNs = cores.reduce((sum, stage) => sum + stage.nsPerRow * stage.rowsPerSource, 0);
  const pool = coresPeriod(stagesNs, placedModels, hardware);
  const onOneWorker = cores.filter((stage) => stage.ordered).map((stage) => ({ name: `${stage.label} on one worker`, periodPs: stage.nsPerRow * stage.rowsPerSource * 1000 }));
  const coreLimits: readonly Limit[] = [{ name: "cores", periodPs: pool.periodPs }, ...onOneWorker];
  const ways = groupModels(onDevices, kinds).map((groups) => placeGroups(groups, kinds));
  const fitting = ways.filter((way) => way.bestPeriodPs < Infinity);
  if (tooLarge.length > 0 || (ways.length > 0 && fitting.length === 0)) {
    const unplaced = (ways.at(-1)?.groups ?? []).filter(({ placement }) => placement.bestPeriodPs === Infinity).map(({ group }) => group);
    return { unplaced: unplaced.length > 0 || ways.length === 0 ? unplaced : (ways.at(-1)?.groups ?? []).map(({ group }) => group), tooLargeForMachines: tooLarge };
  }
  const way = fitting.reduce<Way | undefined>((best, next) => (best === undefined || next.bestPeriodPs < best.bestPeriodPs ? next : best), undefined);
  const slowestCores = Math.max(...coreLimits.map((limit) => limit.periodPs));
  const bestPeriodPs = Math.max(slowestCores, way?.bestPeriodPs ?? 0);
  const groups = way?.place(bestPeriodPs * (1 + PERIOD_EPSILON)) ?? way?.place(bestPeriodPs) ?? [];
  const network = networkOf(work, hardware, groups, onDevices);
  const limits = [...coreLimits, ...laneLimits(groups, kinds), ...network];
  const floor = Math.max(floorOfDevices(onDevices, kinds, way), networkFloorPs(hardware, work), pool.floorPs, ...onOneWorker.map((limit) => limit.periodPs));
  return { kinds, groups, cpuModels: placedModels, cores, limits, periodPs: Math.max(...limits.map((limit) => limit.periodPs)), bestPeriodPs: Math.max(bestPeriodPs, ...network.map((limit) => limit.periodPs)), boundPs: floor };
}

function withMeasured(stage: CoreWork, pipeline: string, calibration: Calibration | undefined): CoreWork & { readonly measured: boolean } {
  const found = measuredStage(calibration, pipeline, stage.label);
  if (calibration === undefined || found === undefined) return { ...stage, measured: false };
  return { ...stage, nsPerRow: (found.nsPerSourceRow * calibration.coreSpeed) / stage.rowsPerSource, measured: true };
}

interface Way {
  readonly groups: readonly { readonly group: ModelGroup; readonly placement: Placement }[];
  readonly bestPeriodPs: number;
  place(periodPs: number): readonly PlacedGroup[] | undefined;
}

function placeGroups(groups: readonly ModelGroup[], kinds: readonly AcceleratorKind[]): Way {
  const placed = groups.map((group) => ({ group, placement: placeModels(group.problem) }));
  // Groups that need most go first, so that small ones fill what is left.
  const order = placed.map((_, index) => index).sort((a, b) => (placed[b]?.placement.boundPs ?? 0) - (placed[a]?.placement.boundPs ?? 0) || a - b);
  const place = (periodPs: number): readonly PlacedGroup[] | undefined => {
    const left = kinds.map(devicesOf);
    const lanes = new Map<number, readonly Lane[]>();
    for (const index of order) {
      const found = placed[index]?.placement.lanesFor(periodPs, left);
      if (found === undefined) return undefined;
      devicesByKind(found, kinds).forEach((devices, kind) => (left[kind] = (left[kind] ?? 0) - devices));
      lanes.set(index, found);
    }
    return placed.map((entry, index) => ({ ...entry, lanes: lanes.get(index) ?? [] }));
  };
  return { groups: placed, bestPeriodPs: leastJointPeriod(placed.map(({ placement }) => placement), place), place };
}

/** Alone, a group's best is known; together, the least period at which all of them still find devices. */
function leastJointPeriod(placements: readonly Placement[], place: (periodPs: number) => readonly PlacedGroup[] | undefined): number {
  let low = Math.max(...placements.map((placement) => placement.bestPeriodPs));
  if (low === Infinity || placements.length === 1) return low;
  if (place(low) !== undefined) return low;
  let high = low;
  const doublingsMax = 40;
  for (let i = 0; place(high) === undefined; i++) {
    if (i === doublingsMax) return Infinity;
    high *= 2;
  }
  while (high - low > high * 1e-6) {
    const middle = (low + high) / 2;
    if (place(middle) === undefined) low = middle;
    else high = middle;
  }
  return high;
}

/** Lanes of one group add their rates; the slowest stage limits a lane. */
function laneLimits(groups: readonly PlacedGroup[], kinds: readonly AcceleratorKind[]): readonly Limit[] {
  return groups.map(({ group, lanes }) => {
    const rate = lanes.reduce((sum, lane) => sum + 1 / lane.periodPs, 0);
    const devices = [...new Set(lanes.flatMap((lane) => lane.stages.map((stage) => kinds[stage.kind]?.device.name ?? "")))];
    return { name: `${group.demands.map((demand) => demand.work.name).join(" + ")} on ${devices.join(" and ")}`, periodPs: 1 / rate };
  });
}

function networkOf(work: PipelineWork, hardware: Hardware, groups: readonly PlacedGroup[], demands: readonly ModelDemand[]): readonly Limit[] {
  const shares = deviceShares(hardware, groups);
  const traffic = {
    sourceBytes: work.sourceBytes,
    sinkBytes: work.sinkBytes,
    deviceInBytes: Math.max(0, ...demands.map((demand) => demand.inBytes)),
    deviceOutBytes: Math.max(0, ...demands.map((demand) => demand.outBytes)),
    deviceShares: shares,
  };
  return networkLimits(hardware, traffic).map(({ name, limitRowsPerSecond }) => ({ name, periodPs: 1e12 / limitRowsPerSecond }));
}

/** By node group of the hardware: the share of lanes' rates. */
function deviceShares(hardware: Hardware, groups: readonly PlacedGroup[]): readonly number[] {
  const nodeOfKind = hardware.nodes.flatMap(({ node }, index) => node.devices.filter(({ device }) => device.provider !== "cpu").map(() => index));
  // A stage's share of its lane's rows counts where the stage is, as its inputs have to get there.
  const stages = groups.flatMap((group) => group.lanes).flatMap((lane) => lane.stages.map((stage) => ({ node: nodeOfKind[stage.kind], weight: 1 / lane.periodPs / lane.stages.length })));
  const total = stages.reduce((sum, { weight }) => sum + weight, 0);
  return hardware.nodes.map((_, index) => (total === 0 ? 0 : stages.filter(({ node }) => node === index).reduce((sum, { weight }) => sum + weight, 0) / total));
}

/** Whatever the grouping: all models' work on all devices that any may use. */
function floorOfDevices(demands: readonly ModelDemand[], kinds: readonly AcceleratorKind[], way: Way | undefined): number {
  if (demands.length === 0) return 0;
  const [only, another] = way?.groups ?? [];
  if (only !== undefined && another === undefined) return only.placement.boundPs;
  const usable = kinds.filter((kind) => demands.some((demand) => mayUse(demand, kind)));
  return workFloorPs({ towers: demands.map(({ work, rowsPerSource, batches }) => ({ work, rowsPerSource, batches })), kinds: usable, hints: {} });
}
