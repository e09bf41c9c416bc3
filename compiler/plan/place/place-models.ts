/**
 * Places models on accelerators: the least period that all of them together allow, then, at a period that is asked for,
 * lanes of the fewest devices. Lanes of several kinds share the rows: their rates add.
 *
 * Exact over the cuts that `chooseCuts` gives and lanes of one kind each; the bound (work-floor.ts) assumes neither.
 */
import { tensorLayout } from "../cost/tensor-layout.ts";
import { fewestDevices, leastPeriod } from "./fewest-devices.ts";
import type { Chain } from "./fewest-devices.ts";
import { devicesOf } from "./problem.ts";
import type { Lane, PlacedStage, PlacementProblem } from "./problem.ts";
import { batchAtLevel } from "./segment-tables.ts";
import { createAxes, createTransitions } from "./transitions.ts";
import type { Axis, Transitions } from "./transitions.ts";
import { workFloorPs } from "./work-floor.ts";

export interface Placement {
  /** With all devices. Infinity where no lane fits. */
  readonly bestPeriodPs: number;
  readonly boundPs: number;
  /** By kind: the least period of a lane on it alone, undefined where none fits. */
  readonly kindPeriodsPs: readonly (number | undefined)[];
  /** Places where the models may be cut, by tower. */
  readonly cuts: readonly number[];
  /** Lanes that together keep to the period, on few of so many devices by kind. None if it is below the best. */
  lanesFor(periodPs: number, counts?: readonly number[]): readonly Lane[] | undefined;
}

/**
 * `replicas` without stages asks for copies of the models, not of pieces of them: they are cut only as far as memory
 * demands.
 */
export function placeModels(problem: PlacementProblem): Placement {
  const { hints } = problem;
  if (hints.pipeline !== undefined || hints.replicas?.length !== 1) return placeWithin(problem);
  const depthMax = 8;
  for (let pipeline = 1; pipeline < depthMax; pipeline++) {
    const placement = placeWithin({ ...problem, hints: { ...hints, pipeline } });
    if (placement.bestPeriodPs < Infinity) return placement;
  }
  return placeWithin(problem);
}

function placeWithin(problem: PlacementProblem): Placement {
  const axes = createAxes(problem.towers, problem.towers.map((tower) => tensorLayout(tower.work)));
  const graphs = problem.kinds.map((kind) => createTransitions(problem, kind, axes));
  const best = graphs.map((graph, kind) => leastPeriod(graph, countOf(problem, kind), problem.hints));
  const rate = best.reduce((sum, chain) => sum + (chain === undefined ? 0 : 1 / chain.periodPs), 0);
  return {
    bestPeriodPs: rate === 0 ? Infinity : 1 / rate,
    boundPs: workFloorPs(problem),
    kindPeriodsPs: best.map((chain) => chain?.periodPs),
    cuts: axes.map(({ cuts }) => cuts.positions.length),
    lanesFor: (periodPs, counts = problem.kinds.map(devicesOf)) => fillLanes({ problem, axes, graphs, best, counts }, periodPs),
  };
}

function countOf(problem: PlacementProblem, kind: number): number {
  const found = problem.kinds[kind];
  return found === undefined ? 0 : devicesOf(found);
}

interface Filling {
  readonly problem: PlacementProblem;
  readonly axes: readonly Axis[];
  readonly graphs: readonly Transitions[];
  readonly best: readonly (Chain | undefined)[];
  readonly counts: readonly number[];
}

/** The kinds that do most per device first, each with all its devices until the last, which takes what is left to do. */
function fillLanes({ problem, axes, graphs, best, counts }: Filling, periodPs: number): readonly Lane[] | undefined {
  const order = best
    .flatMap((chain, kind) => (chain === undefined ? [] : [{ kind, chain, perDevice: 1 / chain.periodPs / chain.devices }]))
    .sort((a, b) => b.perDevice - a.perDevice || a.kind - b.kind);
  const lanes: Lane[] = [];
  let rateLeft = 1 / periodPs;
  for (const { kind, chain } of order) {
    if (rateLeft <= 1e-9 / periodPs) break;
    const graph = graphs[kind];
    const count = counts[kind] ?? 0;
    if (graph === undefined || count === 0) continue;
    const wanted = Math.max(1 / rateLeft, chain.periodPs) * (1 + 1e-9);
    const found = fewestDevices(graph, wanted, count, problem.hints) ?? leastPeriod(graph, count, problem.hints);
    if (found === undefined) continue;
    const stages = stagesOf(axes, graph, found, Math.max(wanted, found.periodPs));
    const lanePs = Math.max(...stages.map((stage) => stage.workPs / stage.replicas));
    lanes.push({ kind, stages, periodPs: lanePs, devices: found.devices });
    rateLeft -= 1 / lanePs;
  }
  return rateLeft > 1e-6 / periodPs ? undefined : lanes;
}

/** Each stage at the smallest batch with which it keeps to the period. */
function stagesOf(axes: readonly Axis[], graph: Transitions, chain: Chain, periodPs: number): readonly PlacedStage[] {
  return chain.transitions.map((at, stage): PlacedStage => {
    const [from, to] = [chain.froms[stage] ?? 0, graph.to[at]];
    const replicas = chain.replicas[stage] ?? 1;
    let figures = { level: graph.level[at], work: graph.work[at], bytes: graph.bytes[at] };
    for (let level = 0; level < graph.level[at]; level++) {
      const smaller = graph.atLevel(from, at, level);
      if (smaller.work / replicas > periodPs || smaller.bytes > figures.bytes) continue;
      figures = smaller;
      break;
    }
    const parts = axes.flatMap(({ tower, cuts }, index) => {
      const [first, last] = [from, to].map((cell) => cuts.positions[graph.coordinates[cell * axes.length + index]] ?? 0);
      return first === last || first === undefined || last === undefined ? [] : [{ tower: index, from: first, to: last, batch: batchAtLevel(tower, figures.level) }];
    });
    return { parts, degree: graph.degree[at], replicas, workPs: figures.work, bytes: figures.bytes };
  });
}
