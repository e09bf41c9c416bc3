/**
 * A bound on the period that no search is needed for. Give each device of kind k a price p_k >= 0. Whatever the cuts,
 * degrees and replicas, every node of every row occupies some device for at least its time at the best batch of the
 * grid, so within a period P the devices give at most P * sum p_k * count_k and must give sum over nodes of
 * min_k p_k * time_k. Hence P >= work / capacity for any prices; a fixed sequence of trials finds good ones. A second
 * bound holds where the program limits replicas.
 */
import { pointsOfBatch } from "../cost/model-work.ts";
import { transferPs } from "../cost/prices.ts";
import { tensorLayout } from "../cost/tensor-layout.ts";
import { degreesOf, devicesOf } from "./problem.ts";
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
  return Math.max(choosePrices(kinds.length, ratio), replicaFloorPs(problem, kinds)) * SAFETY;
}

/** Replicas of all stages of a lane together; Infinity where the program does not limit them. */
function replicasAllowed({ hints }: PlacementProblem): number {
  const ranges = hints.replicas;
  if (ranges === undefined || (hints.pipeline === undefined && ranges.length === 1)) return Infinity;
  const stages = hints.pipeline ?? ranges.length;
  return Array.from({ length: stages }, (_, stage) => ranges[Math.min(stage, ranges.length - 1)]?.high ?? Infinity).reduce((sum, high) => sum + high, 0);
}

function devicesAllowed(problem: PlacementProblem): number {
  return replicasAllowed(problem) * (problem.hints.tensor ?? Math.max(...problem.kinds.map((kind) => kind.perNode)));
}

/**
 * Where replicas are limited: each keeps to the period, so all of them together do at most replicas * P of work, and a
 * row's work is at least that of every node at the degree that is fastest for it. A lane of each kind has its replicas.
 */
function replicaFloorPs(problem: PlacementProblem, kinds: readonly AcceleratorKind[]): number {
  const replicas = replicasAllowed(problem) * kinds.length;
  if (replicas === Infinity) return 0;
  const modes = kinds.flatMap((kind) => degreesOf(kind, problem.hints).map((degree) => ({ kind, degree })));
  return problem.towers.reduce((sum, tower) => {
    const layout = tensorLayout(tower.work);
    const least = tower.work.nodes.map((_, node) => Math.min(...modes.flatMap(({ kind, degree }) => tower.batches.map((batch) => {
      const time = pointsOfBatch(tower.work, batch).reduce((total, point) => total + (tower.work.points[point]?.share ?? 0) * stepPs(tower.work, node, point, kind, degree, layout), 0);
      return time / batch;
    }))));
    return sum + least.reduce((total, time) => total + time, 0) * tower.rowsPerSource;
  }, 0) / replicas;
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
