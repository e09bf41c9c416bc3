/**
 * A bound on the period that no search is needed for. Give each device of kind k a price p_k >= 0. Whatever the cuts,
 * degrees and replicas, every node of every row occupies some device for at least its time at the best batch of the
 * grid, so within a period P the devices give at most P * sum p_k * count_k and must give sum over nodes of
 * min_k p_k * time_k. Hence P >= work / capacity for any prices; a fixed sequence of trials finds good ones.
 */
import { pointsOfBatch } from "../cost/model-work.ts";
import { transferPs } from "../cost/prices.ts";
import { tensorLayout } from "../cost/tensor-layout.ts";
import { devicesOf } from "./problem.ts";
import type { AcceleratorKind, PlacementProblem, Tower } from "./problem.ts";
import { stepPs } from "./segment-tables.ts";

/** Sums of doubles may be off by far less than this. */
const SAFETY = 1 - 1e-11;

/** In picoseconds per row of the source; 0 without accelerators. */
export function workFloorPs(problem: PlacementProblem): number {
  const kinds = problem.kinds.filter((kind) => devicesOf(kind) > 0);
  const { towers } = problem;
  if (kinds.length === 0) return 0;
  const times = towers.flatMap((tower) => leastTimes(tower, kinds));
  const counts = kinds.map((kind) => Math.min(devicesOf(kind), devicesAllowed(problem)));
  const ratio = (prices: readonly number[]): number => {
    const work = times.reduce((sum, byKind) => sum + Math.min(...byKind.map((time, kind) => time * (prices[kind] ?? 0))), 0);
    return work / counts.reduce((sum, count, kind) => sum + count * (prices[kind] ?? 0), 0);
  };
  return choosePrices(kinds.length, ratio) * SAFETY;
}

/** Replicas may be limited; a stage of replicas at most `high` uses at most that many gangs. */
function devicesAllowed({ hints, kinds }: PlacementProblem): number {
  const ranges = hints.replicas;
  if (ranges === undefined || (hints.pipeline === undefined && ranges.length === 1)) return Infinity;
  const stages = hints.pipeline ?? ranges.length;
  const gang = hints.tensor ?? Math.max(...kinds.map((kind) => kind.perNode));
  return Array.from({ length: stages }, (_, stage) => ranges[Math.min(stage, ranges.length - 1)]?.high ?? Infinity).reduce((sum, high) => sum + high * gang, 0);
}

/** By node (and for the model's inputs and outputs): the least time per row of the source on each kind. */
function leastTimes(tower: Tower, kinds: readonly AcceleratorKind[]): readonly (readonly number[])[] {
  const { work } = tower;
  const layout = tensorLayout(work);
  const points = tower.batches.map((batch) => ({ batch, points: pointsOfBatch(work, batch) }));
  const least = (timeAt: (point: number, kind: AcceleratorKind) => number) =>
    kinds.map((kind) => {
      const perRow = points.map(({ batch, points: at }) => at.reduce((sum, point) => sum + (work.points[point]?.share ?? 0) * timeAt(point, kind), 0) / batch);
      return Math.min(...perRow) * tower.rowsPerSource;
    });
  const ends = work.values.filter((value) => value.from < 0 || value.lastUse === work.nodes.length);
  const endsTime = least((point, kind) => ends.reduce((sum, value) => sum + transferPs(kind.node.hostLink, 1, value.bytes[point] ?? 0), 0) * SAFETY);
  return [...work.nodes.map((_, node) => least((point, kind) => stepPs(work, node, point, kind, 1, layout))), endsTime];
}

function choosePrices(kinds: number, ratio: (prices: readonly number[]) => number): number {
  const prices = Array.from({ length: kinds }, () => 1);
  let best = ratio(prices);
  const factors = [16, 4, 2, 1.25, 1.0625, 1.015625].flatMap((factor) => [factor, 1 / factor]);
  const roundsMax = 32;
  for (let round = 0, improved = kinds > 1; improved && round < roundsMax; round++) {
    improved = false;
    for (let kind = 0; kind < kinds; kind++) {
      for (const factor of factors) {
        const before = prices[kind] ?? 1;
        prices[kind] = before * factor;
        const value = ratio(prices);
        if (value > best) {
          best = value;
          improved = true;
        } else prices[kind] = before;
      }
    }
  }
  return best;
}
