/**
 * A bound on the period that no search is needed for. Give each device of kind k a price p_k >= 0. Whatever the cuts,
 * degrees and replicas, every node of every row occupies some device for at least its time at the best batch of the
 * grid, and a value that is made on one kind and used on another occupies a device of each while it is carried. So
 * within a period P the devices give at most P * sum p_k * count_k and must give what the cheapest spread of the nodes
 * over kinds costs. Hence P >= cost / capacity for any prices; a fixed sequence of trials finds good ones. A second
 * bound holds where the program limits replicas.
 */
import { choosePrices } from "../cost/choose-prices.ts";
import { pointsOfBatch } from "../cost/model-work.ts";
import type { ModelWork, WorkValue } from "../cost/model-work.ts";
import { tensorLayout } from "../cost/tensor-layout.ts";
import { degreesOf, devicesOf } from "./problem.ts";
import type { AcceleratorKind, PlacementProblem, Tower } from "./problem.ts";
import { stepPs } from "./segment-tables.ts";

/** Sums of doubles may be off by far less than this. */
const SAFETY = 1 - 1e-11;

/** In picoseconds per row of the source; 0 without accelerators. */
export function workFloorPs(problem: PlacementProblem): number {
  const kinds = problem.kinds.filter((kind) => devicesOf(kind) > 0);
  if (kinds.length === 0) return 0;
  const flows = problem.towers.map((tower) => flowOf(tower, kinds));
  const counts = kinds.map((kind) => Math.min(devicesOf(kind), devicesAllowed(problem)));
  const ratio = (prices: readonly number[]): number => {
    const work = flows.reduce((sum, flow) => sum + leastCost(flow, prices), 0);
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

/** A model as the bound sees it, in picoseconds per row of the source at the best batch; entry [node * kinds + kind]. */
interface Flow {
  readonly kinds: number;
  /** With the model's inputs that it is the heaviest user of, and the outputs it makes, over the link. */
  readonly times: Float64Array;
  /** A later node that uses what the node makes, -1 for none: each value is followed to one of its users. */
  readonly user: Int32Array;
  /** Of that value over the link of each kind: out of it where it is made, into it where it is used. */
  readonly moves: Float64Array;
}

function flowOf(tower: Tower, kinds: readonly AcceleratorKind[]): Flow {
  const { work } = tower;
  const layout = tensorLayout(work);
  const points = tower.batches.map((batch) => ({ batch, points: pointsOfBatch(work, batch) }));
  const least = (timeAt: (point: number) => number): number =>
    Math.min(...points.map(({ batch, points: at }) => at.reduce((sum, point) => sum + (work.points[point]?.share ?? 0) * timeAt(point), 0) / batch)) * tower.rowsPerSource;
  // Not rounded up: values that cross together are.
  const moved = (values: readonly WorkValue[], { node: { hostLink } }: AcceleratorKind): number =>
    values.length === 0 ? 0 : least((point) => values.reduce((sum, value) => sum + hostLink.latencyUs * 1e6 + ((value.bytes[point] ?? 0) / hostLink.bytesPerSecond) * 1e12, 0));
  const { user, value, ends } = followValues(work);
  const times = new Float64Array(work.nodes.length * kinds.length);
  const moves = new Float64Array(work.nodes.length * kinds.length);
  work.nodes.forEach((_, node) => {
    const followed = value[node];
    kinds.forEach((kind, index) => {
      times[node * kinds.length + index] = least((point) => stepPs(work, node, point, kind, 1, layout)) + moved(ends[node] ?? [], kind);
      if (followed !== undefined) moves[node * kinds.length + index] = moved([followed], kind);
    });
  });
  return { kinds: kinds.length, times, user, moves };
}

/**
 * For each node the value it makes that is followed, and the heaviest node that uses it: chosen by figures, so that the
 * order of nodes says nothing. What stages compute for themselves is free to move. `ends`: inputs of the model go to the
 * stage of their heaviest user, outputs leave the stage that makes them; they are not followed, lest they count twice.
 */
function followValues(work: ModelWork): { readonly user: Int32Array; readonly value: readonly (WorkValue | undefined)[]; readonly ends: readonly (readonly WorkValue[])[] } {
  const heaviestUser = new Map<number, number>();
  const weigh = (node: number): number => (work.nodes[node]?.flops.at(-1) ?? 0) + (work.nodes[node]?.bytes.at(-1) ?? 0);
  work.nodes.forEach((node, at) => {
    for (const input of node.inputs) {
      const known = heaviestUser.get(input);
      if (known === undefined || weigh(at) > weigh(known)) heaviestUser.set(input, at);
    }
  });
  const user = new Int32Array(work.nodes.length).fill(-1);
  const value = work.nodes.map((node, at) => {
    const [largest] = node.outputs.filter((output) => work.values[output]?.cloned === false && !isOutput(work, work.values[output]) && (heaviestUser.get(output) ?? -1) > at).sort((a, b) => (work.values[b]?.bytes.at(-1) ?? 0) - (work.values[a]?.bytes.at(-1) ?? 0) || a - b);
    if (largest === undefined) return undefined;
    user[at] = heaviestUser.get(largest) ?? -1;
    return work.values[largest];
  });
  const ends = work.nodes.map((): WorkValue[] => []);
  work.values.forEach((candidate, index) => {
    const at = candidate.from < 0 ? heaviestUser.get(index) : isOutput(work, candidate) ? candidate.from : undefined;
    if (at !== undefined && !candidate.cloned) ends[at]?.push(candidate);
  });
  return { user, value, ends };
}

function isOutput(work: ModelWork, value: WorkValue | undefined): boolean {
  return value?.lastUse === work.nodes.length;
}

/**
 * The least price of a row: every node on some kind, and a followed value that is made on one kind and used on another
 * carried over both links. Each node has one user that is followed, so the nodes form trees, from whose leaves the
 * costs add up exactly; values and users that are not followed only ever cost more.
 */
function leastCost({ kinds, times, user, moves }: Flow, prices: readonly number[]): number {
  const cost = Float64Array.from(times, (time, at) => time * (prices[at % kinds] ?? 0));
  let sum = 0;
  for (let node = 0; node < user.length; node++) {
    const from = node * kinds;
    const to = user[node] * kinds;
    let least = Infinity;
    for (let kind = 0; kind < kinds; kind++) least = Math.min(least, cost[from + kind]);
    if (to < 0) {
      sum += least;
      continue;
    }
    let leastMoved = Infinity;
    for (let kind = 0; kind < kinds; kind++) leastMoved = Math.min(leastMoved, cost[from + kind] + moves[from + kind] * (prices[kind] ?? 0));
    for (let kind = 0; kind < kinds; kind++) cost[to + kind] += Math.min(cost[from + kind], leastMoved + moves[from + kind] * (prices[kind] ?? 0));
  }
  return sum;
}
