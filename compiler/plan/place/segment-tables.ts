/**
 * Times and bytes of every run of nodes between two cuts of a model, on one kind of accelerator, at one degree, at each
 * level of the batch grid. The search then only adds table entries.
 */
import { pointsOfBatch } from "../cost/model-work.ts";
import type { ModelWork } from "../cost/model-work.ts";
import { exchangePs, nodeTimePs, sessionBytes, transferPs } from "../cost/prices.ts";
import type { TensorLayout } from "../cost/tensor-layout.ts";
import type { Cuts } from "./choose-cuts.ts";
import type { AcceleratorKind, Tower } from "./problem.ts";

/** What a run needs in memory, the same on all devices. Entry [from * cuts + to]. */
export interface RunMemory {
  readonly wholeWeights: Float64Array;
  readonly shardedWeights: Float64Array;
  /** By batch: live bytes at the worst node, at the longest rows. */
  readonly peaks: ReadonlyMap<number, Float64Array>;
}

/** Entry [level][from * cuts + to]: picoseconds per row of the source, and bytes of one device. */
export interface SegmentTable {
  readonly times: readonly Float64Array[];
  readonly bytes: readonly Float64Array[];
}

export function measureRuns(tower: Tower, cuts: Cuts, layout: TensorLayout): RunMemory {
  const { work } = tower;
  const count = cuts.positions.length;
  const wholeWeights = new Float64Array(count * count);
  const shardedWeights = new Float64Array(count * count);
  const peaks = new Map(tower.batches.map((batch) => [batch, new Float64Array(count * count)] as const));
  const live = new Map(tower.batches.map((batch) => [batch, largestLive(work, batch)] as const));
  const seenFrom = new Int32Array(work.weights.length).fill(-1);
  for (let from = 0; from < count - 1; from++) {
    let [whole, sharded] = [0, 0];
    for (let to = from + 1; to < count; to++) {
      for (let node = cuts.positions[to - 1] ?? 0; node < (cuts.positions[to] ?? 0); node++) {
        for (const weight of work.nodes[node]?.weights ?? []) {
          if (seenFrom[weight] === from) continue;
          seenFrom[weight] = from;
          const bytes = work.weights[weight]?.bytes ?? 0;
          if (layout.shardedWeights[weight]) sharded += bytes;
          else whole += bytes;
        }
      }
      wholeWeights[from * count + to] = whole;
      shardedWeights[from * count + to] = sharded;
      for (const [batch, table] of peaks) {
        const own = live.get(batch);
        let peak = table[from * count + to - 1];
        for (let node = cuts.positions[to - 1] ?? 0; node < (cuts.positions[to] ?? 0); node++) peak = Math.max(peak, own?.[node] ?? 0);
        table[from * count + to] = peak;
      }
    }
  }
  return { wholeWeights, shardedWeights, peaks };
}

/** By node, over the lengths of rows. */
function largestLive(work: ModelWork, batch: number): Float64Array {
  const points = pointsOfBatch(work, batch);
  return Float64Array.from(work.nodes, (node) => Math.max(0, ...points.map((point) => node.liveBytes[point] ?? 0)));
}

/** `levels`: how many batch levels there are in all; a tower with fewer stays at its largest. */
export function segmentTable(tower: Tower, kind: AcceleratorKind, degree: number, levels: number, cuts: Cuts, layout: TensorLayout, memory: RunMemory): SegmentTable {
  const byBatch = new Map(tower.batches.map((batch) => [batch, batchTable(tower, batch, kind, degree, cuts, layout, memory)] as const));
  const chosen = Array.from({ length: levels }, (_, level) => {
    const table = byBatch.get(batchAtLevel(tower, level));
    if (table === undefined) throw new Error("a batch without a table");
    return table;
  });
  return { times: chosen.map((table) => table.times), bytes: chosen.map((table) => table.bytes) };
}

export function batchAtLevel(tower: Tower, level: number): number {
  return tower.batches[Math.min(level, tower.batches.length - 1)] ?? 1;
}

function batchTable(tower: Tower, batch: number, kind: AcceleratorKind, degree: number, cuts: Cuts, layout: TensorLayout, memory: RunMemory) {
  const { work } = tower;
  const count = cuts.positions.length;
  const points = pointsOfBatch(work, batch);
  const prefix = cuts.positions.map(() => 0);
  const ioPs = cuts.positions.map(() => 0);
  const ioBytes = cuts.positions.map(() => 0);
  for (const point of points) {
    const share = work.points[point]?.share ?? 0;
    const sums = prefixTimes(work, point, kind, degree, layout, cuts);
    cuts.positions.forEach((_, cut) => {
      const bytes = cuts.bytes[cut]?.[point] ?? 0;
      // Every device of a gang gets the whole value, over one bus where the bus is shared.
      const carried = bytes * (kind.node.hostLink.shared ? degree : 1);
      prefix[cut] = (prefix[cut] ?? 0) + share * (sums[cut] ?? 0);
      ioPs[cut] = (ioPs[cut] ?? 0) + share * transferPs(kind.node.hostLink, cuts.crossing[cut] ?? 0, carried);
      ioBytes[cut] = Math.max(ioBytes[cut] ?? 0, bytes);
    });
  }
  const times = new Float64Array(count * count);
  const bytes = new Float64Array(count * count);
  const perRow = tower.rowsPerSource / batch;
  const peaks = memory.peaks.get(batch);
  for (let from = 0; from < count - 1; from++) {
    for (let to = from + 1; to < count; to++) {
      const at = from * count + to;
      const batchPs = (prefix[to] ?? 0) - (prefix[from] ?? 0) + (ioPs[from] ?? 0) + (ioPs[to] ?? 0);
      times[at] = batchPs * perRow;
      bytes[at] = sessionBytes(memory.wholeWeights[at] + memory.shardedWeights[at] / degree, peaks?.[at] ?? 0, (ioBytes[from] ?? 0) + (ioBytes[to] ?? 0));
    }
  }
  return { times, bytes };
}

/** Time of one batch up to each cut. Sums of integers below 2^53, so the same in any order. */
function prefixTimes(work: ModelWork, point: number, kind: AcceleratorKind, degree: number, layout: TensorLayout, cuts: Cuts): readonly number[] {
  let sum = 0;
  let node = 0;
  return cuts.positions.map((position) => {
    for (; node < position; node++) sum += stepPs(work, node, point, kind, degree, layout);
    return sum;
  });
}

/** One node with the exchanges before and after it. */
export function stepPs(work: ModelWork, index: number, point: number, kind: AcceleratorKind, degree: number, layout: TensorLayout): number {
  const node = work.nodes[index];
  if (node === undefined) return 0;
  const own = nodeTimePs(kind.device, { flops: node.flops[point] ?? 0, bytes: node.bytes[point] ?? 0, kernels: node.kernels, rate: node.rate }, layout.sharded[index] ? degree : 1);
  if (degree === 1) return own;
  return (layout.exchanges[index] ?? []).reduce((total, exchange) => total + exchangePs(kind.node, kind.device, degree, work.values[exchange.value]?.bytes[point] ?? 0), own);
}
