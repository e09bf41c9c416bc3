/** From what the search found to the plan that is printed, kept and compared. */
import type { Hardware } from "../../../stdlib/hw/hardware.ts";
import { pointsOfBatch } from "../cost/model-work.ts";
import { QUEUE_DEPTH, usableBytes } from "../cost/prices.ts";
import { tensorLayout } from "../cost/tensor-layout.ts";
import { stepPs } from "../place/segment-tables.ts";
import type { AcceleratorKind, Lane, PlacedPart, PlacedStage } from "../place/problem.ts";
import { assignDevices } from "./assign-devices.ts";
import type { Alternative, ClusterEdge, ClusterLane, ClusterPart, ClusterPipeline, CpuStage, MachineGroup, ResourceUse } from "./cluster-plan.ts";
import { coreSpeed } from "./core-pool.ts";
import type { PipelineWork } from "./describe-pipeline.ts";
import type { ModelGroup } from "./model-groups.ts";
import type { Found, PlacedGroup } from "./search.ts";

const PS_PER_S = 1e12;

export function machineGroups(hardware: Hardware): readonly MachineGroup[] {
  return hardware.nodes.map(({ count, node }) => ({
    count,
    name: node.name,
    cores: node.cores,
    memoryBytes: node.memoryBytes,
    devices: node.devices.map((group) => ({ count: group.count, name: group.device.name, provider: group.device.provider, memoryBytes: group.device.memoryBytes })),
    dollarsPerHour: node.price?.dollarsPerHour ?? null,
  }));
}

/** Undefined if a price is not known. */
function dollarsPerHour(hardware: Hardware): number | null {
  const prices = hardware.nodes.map(({ count, node }) => (node.price === undefined ? undefined : count * node.price.dollarsPerHour));
  return prices.reduce<number | null>((sum, price) => (sum === null || price === undefined ? null : sum + price), 0);
}

/** Undefined where gangs do not fit the machines. */
export function assemblePipeline(work: PipelineWork, hardware: Hardware, found: Found, alternatives: readonly Alternative[]): ClusterPipeline | undefined {
  const all = found.groups.flatMap((group) => group.lanes.flatMap((lane) => lane.stages));
  const gangs = assignDevices(found.kinds, all);
  if (gangs === undefined) return undefined;
  const lanes: ClusterLane[] = [];
  for (const group of found.groups) {
    for (const [index, lane] of group.lanes.entries()) {
      const first = all.indexOf(lane.stages[0] ?? fail());
      lanes.push(assembleLane(group, lane, found.kinds, index, gangs.slice(first, first + lane.stages.length)));
    }
  }
  const rowsPerSecond = digits(PS_PER_S / found.periodPs);
  const boundRowsPerSecond = Math.max(rowsPerSecond, digits(PS_PER_S / found.boundPs));
  const slowest = found.limits.reduce((a, b) => (b.periodPs > a.periodPs ? b : a));
  const gap = digits(boundRowsPerSecond / rowsPerSecond - 1);
  return {
    name: work.name,
    rowsPerSecond,
    bestRowsPerSecond: Math.max(rowsPerSecond, digits(PS_PER_S / found.bestPeriodPs)),
    boundRowsPerSecond,
    gap,
    optimal: found.bestPeriodPs <= found.boundPs * (1 + 1e-9),
    dollarsPerHour: dollarsPerHour(hardware),
    bottleneck: slowest.name,
    resources: found.limits.map(({ name, periodPs }): ResourceUse => ({ name, limitRowsPerSecond: digits(PS_PER_S / periodPs), use: digits(periodPs / found.periodPs) })),
    cpuStages: cpuStages(found, hardware),
    lanes,
    edges: edgesOf(found, lanes),
    assumes: assumptions(work, found),
    alternatives,
  };
}

function assumptions(work: PipelineWork, found: Found): readonly string[] {
  const onDevices = found.groups.length > 0;
  return [
    ...(onDevices ? ["models run on accelerators only", "the bound: devices without names, links without rivals, the batch sizes of the grid, any cut"] : []),
    ...(found.groups.some(({ lanes }) => lanes.some((lane) => lane.stages.some((stage) => stage.degree > 1))) ? ["a tensor degree divides heads and channels, and stages exchange what columns followed by rows make them: a rule of thumb, not the sharding itself"] : []),
    ...work.assumes,
  ];
}

/** 12 digits: what sums of doubles hold, the same everywhere. */
function digits(value: number): number {
  return Number(value.toPrecision(12));
}

function fail(): never {
  throw new Error("a lane without a stage");
}

/** `gangs`: by stage of the lane, by replica. */
function assembleLane({ group, lanes }: PlacedGroup, lane: Lane, kinds: readonly AcceleratorKind[], index: number, gangs: readonly (readonly (readonly string[])[])[]): ClusterLane {
  const name = group.demands.map((demand) => demand.work.name).join("+");
  const devicesOf = (other: Lane): string => [...new Set(other.stages.map((stage) => kindOf(kinds, stage).device.name))].join(" and ");
  const devices = devicesOf(lane);
  const alike = lanes.slice(0, index).filter((other) => devicesOf(other) === devices).length;
  const suffix = index === 0 ? "" : `@${devices}${alike === 0 ? "" : ` ${alike + 1}`}`;
  return {
    device: devices,
    devices: lane.devices,
    rowsPerSecond: digits(PS_PER_S / lane.periodPs),
    stages: lane.stages.map((stage, at) => ({
      device: kindOf(kinds, stage).device.name,
      machine: kindOf(kinds, stage).node.name,
      id: `${name}${suffix}${lane.stages.length === 1 ? "" : `/${at + 1}`}`,
      parts: stage.parts.map((part) => assemblePart(group, part, kindOf(kinds, stage), stage.degree)),
      degree: stage.degree,
      replicas: stage.replicas,
      psPerRow: digits(stage.workPs),
      rowsPerSecond: digits((PS_PER_S * stage.replicas) / stage.workPs),
      bytes: Math.ceil(stage.bytes),
      usableBytes: usableBytes(kindOf(kinds, stage).device, group.problem.hints.memoryBytes),
      gangs: gangs[at] ?? [],
    })),
  };
}

function kindOf(kinds: readonly AcceleratorKind[], stage: PlacedStage): AcceleratorKind {
  const kind = kinds[stage.kind];
  if (kind === undefined) throw new Error("a stage on devices of no kind");
  return kind;
}

function assemblePart(group: ModelGroup, part: PlacedPart, kind: AcceleratorKind, degree: number): ClusterPart {
  const demand = group.demands[part.tower];
  if (demand === undefined) throw new Error("a part of no model");
  const { work } = demand;
  const own = work.nodes.slice(part.from, part.to);
  const layout = tensorLayout(work);
  const weights = new Set(own.flatMap((node) => node.weights));
  const batchPs = pointsOfBatch(work, part.batch).reduce((sum, point) => {
    let time = 0;
    for (let node = part.from; node < part.to; node++) time += stepPs(work, node, point, kind, degree, layout);
    return sum + (work.points[point]?.share ?? 0) * time;
  }, 0);
  return {
    model: work.name,
    from: part.from,
    to: part.to,
    nodes: work.nodes.length,
    firstBlock: own[0]?.block ?? "",
    lastBlock: own.at(-1)?.block ?? "",
    batch: part.batch,
    msPerBatch: digits(batchPs / 1e9),
    weightBytes: [...weights].reduce((sum, weight) => sum + Math.ceil((work.weights[weight]?.bytes ?? 0) / (layout.shardedWeights[weight] ? degree : 1)), 0),
    measured: false,
  };
}

function cpuStages(found: Found, hardware: Hardware): readonly CpuStage[] {
  const [group] = [...hardware.nodes].sort((a, b) => b.count * b.node.cores - a.count * a.node.cores);
  const speed = group === undefined ? 1 : coreSpeed(group.node);
  const busy = (nsPerRow: number, rows: number): number => (nsPerRow * rows * 1000) / found.periodPs / speed;
  const maps = found.cores.map((stage): CpuStage => ({
    id: stage.id,
    label: stage.label,
    kind: stage.kind,
    nsPerRow: digits(stage.nsPerRow),
    rowsPerSource: stage.rowsPerSource,
    replicas: stage.ordered ? 1 : Math.max(1, Math.ceil(busy(stage.nsPerRow, stage.rowsPerSource))),
    model: null,
    measured: stage.measured,
  }));
  const models = found.cpuModels.map(({ demand, plan }): CpuStage => ({
    id: demand.stage,
    label: demand.label,
    kind: "model",
    nsPerRow: digits(plan.nsPerRow),
    rowsPerSource: demand.rowsPerSource,
    replicas: Math.max(1, Math.ceil(busy(plan.nsPerRow, demand.rowsPerSource) / plan.threads)),
    model: { name: plan.name, batch: plan.batch, threads: plan.threads, msPerBatch: digits(plan.msPerBatch), bytes: plan.bytes },
    measured: plan.measured,
  }));
  return [...maps, ...models].sort((a, b) => a.id - b.id);
}

/** Between stages of a lane, and from and to the cores. */
function edgesOf(found: Found, lanes: readonly ClusterLane[]): readonly ClusterEdge[] {
  const demands = found.groups.flatMap(({ group }) => group.demands);
  return lanes.flatMap((lane) => {
    const ids = ["cores", ...lane.stages.map((stage) => stage.id), "cores"];
    return ids.slice(1).map((to, at): ClusterEdge => {
      const parts = lane.stages[Math.min(at, lane.stages.length - 1)]?.parts ?? [];
      const bytes = parts.reduce((sum, part) => {
        const demand = demands.find((candidate) => candidate.work.name === part.model);
        return sum + (demand === undefined ? 0 : crossingBytes(demand.work, at < lane.stages.length ? part.from : part.to, part.batch) * demand.rowsPerSource);
      }, 0);
      return { from: ids[at] ?? "", to, bytesPerRow: Math.ceil(bytes), queueBatches: QUEUE_DEPTH };
    });
  });
}

/** Of one row: values made before a place and used after it. */
function crossingBytes(work: Found["groups"][number]["group"]["demands"][number]["work"], position: number, batch: number): number {
  const point = pointsOfBatch(work, batch).at(-1) ?? 0;
  return work.values.filter((value) => !value.cloned && value.from < position && value.lastUse >= position).reduce((sum, value) => sum + (value.bytes[point] ?? 0), 0) / batch;
}
