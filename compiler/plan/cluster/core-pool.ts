/**
 * The cores of a cluster as one pool: stages of maps, sources, sinks and models that run on CPUs share it. Work is
 * counted in nanoseconds of a reference core, the one that operators' costs are stated for.
 */
import { packedBytes, workerHeldBytes } from "../../../runtime/contract/held-bytes.ts";
import type { Hardware, NodeType } from "../../../stdlib/hw/hardware.ts";
import { arenaFactor } from "../../onnx/cost/arena-factor.ts";
import { choosePrices } from "../cost/choose-prices.ts";
import { MEMORY_RESERVE, nodeTimeOnCoresPs } from "../cost/prices.ts";
import { pointsOfBatch, weightBytesOf } from "../cost/model-work.ts";
import type { Calibration, MeasuredModel } from "./calibration.ts";
import type { CpuModel } from "./cluster-plan.ts";
import type { ModelDemand } from "./describe-pipeline.ts";

/** f32 FLOP per second of the reference core: a whole server core at 2.9 GHz. */
const REFERENCE_FLOPS = 2.9e9 * 32;
/** Fewer threads and smaller batches are taken where they cost no more than this: they keep caches warm and memory free. */
const CLOSE_ENOUGH = 1.03;
const THREADS = [1, 2, 4, 8, 16];

/** In reference cores: a hardware thread is less than a core. */
export function coreSpeed(node: NodeType): number {
  return (node.core.peakFlopsPerSecond.f32 ?? REFERENCE_FLOPS) / REFERENCE_FLOPS;
}

export function poolCores(hardware: Hardware): number {
  return hardware.nodes.reduce((sum, { count, node }) => sum + count * node.cores * coreSpeed(node), 0);
}

export interface CpuModelPlan extends CpuModel {
  /** Of reference cores, for one row of the model. */
  readonly nsPerRow: number;
  readonly measured: boolean;
}

/** A model on the cores of every type of machine. */
export interface PooledModel {
  readonly demand: ModelDemand;
  /** On the machines with most cores of those that hold it. */
  readonly plan: CpuModelPlan;
  /** By node group; undefined where it does not fit. */
  readonly plans: readonly (CpuModelPlan | undefined)[];
}

/** Undefined where no machine holds the model. */
export function poolModel(demand: ModelDemand, hardware: Hardware, calibration: Calibration | undefined): PooledModel | undefined {
  const plans = hardware.nodes.map(({ node }) => planCpuModel(demand, node, calibration));
  const byCores = hardware.nodes.map(({ count, node }, index) => ({ cores: count * node.cores, plan: plans[index] })).sort((a, b) => b.cores - a.cores);
  const plan = byCores.find((candidate) => candidate.plan !== undefined)?.plan;
  return plan === undefined ? undefined : { demand, plan, plans };
}

/**
 * Picoseconds per row of the source. `periodPs`: machines of each type do all kinds of work in equal shares, and their
 * rates add. `floorPs`: no spread of the work over the types is faster (prices of cores, as in work-floor.ts).
 */
export function coresPeriod(stagesNs: number, models: readonly PooledModel[], hardware: Hardware): { readonly periodPs: number; readonly floorPs: number } {
  const capacities = hardware.nodes.map(({ count, node }) => count * node.cores * coreSpeed(node));
  const modelNs = models.map(({ demand, plans }) => hardware.nodes.map((_, group) => (plans[group]?.nsPerRow ?? Infinity) * demand.rowsPerSource));
  const rate = capacities.reduce((sum, capacity, group) => sum + capacity / modelNs.reduce((total, byGroup) => total + (byGroup[group] ?? 0), stagesNs), 0);
  const works = [hardware.nodes.map(() => stagesNs), ...modelNs];
  const floor = choosePrices(capacities.length, (prices) => {
    const least = works.reduce((sum, byGroup) => sum + Math.min(...byGroup.map((work, group) => work * (prices[group] ?? 0))), 0);
    return least / capacities.reduce((sum, capacity, group) => sum + capacity * (prices[group] ?? 0), 0);
  });
  return { periodPs: 1000 / rate, floorPs: Math.min(floor * 1000, 1000 / rate) };
}

/** The threads and the batch with which a model takes least of the cores, and fits the memory beside as many others as there are cores for. */
function planCpuModel(demand: ModelDemand, node: NodeType, calibration: Calibration | undefined): CpuModelPlan | undefined {
  // Other cores than those that were measured take longer or shorter as their peak rates differ.
  const slower = calibration === undefined || calibration.machine === node.core.name ? 1 : calibration.coreSpeed / coreSpeed(node);
  const measured = (calibration?.models ?? []).filter((entry) => entry.name === demand.work.name).map((entry) => ({ ...entry, msPerBatch: entry.msPerBatch * slower }));
  // Times are not taken beyond what was measured: caches end somewhere.
  const [low, high] = [Math.min(...measured.map((entry) => entry.batch)), Math.max(...measured.map((entry) => entry.batch))];
  const within = demand.batches.filter((batch) => batch >= low && batch <= high);
  const batches = within.length > 0 ? within : demand.batches;
  const options: CpuModelPlan[] = [];
  for (const threads of THREADS.filter((count) => count === 1 || count <= node.cores)) {
    for (const batch of batches) {
      const bytes = cpuBytes(demand, batch);
      const perNode = Math.floor(node.cores / threads);
      const memory = usableHostBytes(node);
      if (bytes > memory) continue;
      // Too large for every core to have one: the cores that memory leaves idle are paid for too.
      const running = Math.min(perNode, Math.max(1, Math.floor(memory / bytes)));
      const { ps, isMeasured } = batchPs(demand, node, batch, threads, measured);
      const nsPerRow = (ps / 1000 / batch) * (node.cores / running) * coreSpeed(node);
      options.push({ name: demand.work.name, batch, threads, msPerBatch: ps / 1e9, bytes, nsPerRow, measured: isMeasured });
    }
  }
  const least = Math.min(...options.map((option) => option.nsPerRow));
  return options.find((option) => option.nsPerRow <= least * CLOSE_ENOUGH);
}

/** Memory of a machine for sessions on its cores, beside a worker for each and what the system keeps. */
function usableHostBytes(node: NodeType): number {
  return Math.max(0, node.memoryBytes * (1 - MEMORY_RESERVE) - node.cores * workerHeldBytes);
}

function cpuBytes(demand: ModelDemand, batch: number): number {
  const points = pointsOfBatch(demand.work, batch);
  const live = Math.max(0, ...demand.work.nodes.flatMap((node) => points.map((point) => node.liveBytes[point] ?? 0)));
  return Math.ceil(packedBytes(weightBytesOf(demand.work)) + live * arenaFactor);
}

/** Estimated picoseconds of one batch. */
export function estimatedBatchPs(demand: Pick<ModelDemand, "work">, node: NodeType, batch: number, threads: number): number {
  const { work } = demand;
  return pointsOfBatch(work, batch).reduce((sum, point) => sum + (work.points[point]?.share ?? 0) * estimatedPointPs(demand, node, point, threads), 0);
}

/** Of one batch at one length of rows. */
function estimatedPointPs({ work }: Pick<ModelDemand, "work">, node: NodeType, point: number, threads: number): number {
  return work.nodes.reduce((total, own) => total + nodeTimeOnCoresPs(node.core, { flops: own.flops[point] ?? 0, bytes: own.bytes[point] ?? 0, kernels: own.kernels, rate: own.rate }, threads), 0);
}

/** Measured where it was; between measurements of one thread count, on the line between them; else the estimate, held to the nearest measurement. */
function batchPs(demand: ModelDemand, node: NodeType, batch: number, threads: number, measured: readonly MeasuredModel[]): { readonly ps: number; readonly isMeasured: boolean } {
  const same = measured.filter((entry) => entry.threads === threads).sort((a, b) => a.batch - b.batch);
  const below = same.findLast((entry) => entry.batch <= batch);
  const above = same.find((entry) => entry.batch >= batch);
  if (below !== undefined && above !== undefined) {
    const span = above.batch - below.batch;
    const share = span === 0 ? 0 : (batch - below.batch) / span;
    const [low, high] = [below, above].map((entry) => entry.msPerBatch * lengthFactor(demand, node, entry));
    return { ps: ((low ?? 0) + share * ((high ?? 0) - (low ?? 0))) * 1e9, isMeasured: true };
  }
  const estimate = estimatedBatchPs(demand, node, batch, threads);
  const nearest = below ?? above ?? measured.find((entry) => demand.batches.includes(entry.batch));
  if (nearest === undefined || !demand.batches.includes(nearest.batch)) return { ps: estimate, isMeasured: false };
  return { ps: estimate * ((nearest.msPerBatch * lengthFactor(demand, node, nearest) * 1e9) / estimatedBatchPs(demand, node, nearest.batch, nearest.threads)), isMeasured: false };
}

/** Made-up rows are as long as they may be: their time is brought to rows as they come in the estimates' proportion. */
function lengthFactor(demand: ModelDemand, node: NodeType, { batch, threads, onRows }: MeasuredModel): number {
  if (onRows === true || !demand.batches.includes(batch)) return 1;
  const longest = estimatedPointPs(demand, node, pointsOfBatch(demand.work, batch).at(-1) ?? 0, threads);
  return longest === 0 ? 1 : estimatedBatchPs(demand, node, batch, threads) / longest;
}
