/**
 * Places models on accelerators: the least period that all of them together allow, then, at a period that is asked for,
 * lanes of the fewest devices. Lanes of several kinds share the rows: their rates add.
 *
 * Exact over the cuts that `chooseCuts` gives and lanes of one kind each; lanes over several kinds are looked for as well
 * (mixed-lane.ts). The bound (work-floor.ts) knows of neither limit.
 */
import { tensorLayout } from "../cost/tensor-layout.ts";
import { fewestDevices, leastPeriod } from "./fewest-devices.ts";
import type { Chain } from "./fewest-devices.ts";
import { bestMixedChain } from "./mixed-lane.ts";
import type { MixedStage } from "./mixed-lane.ts";
import { devicesForGangs, devicesOf } from "./problem.ts";
import type { Lane, PlacedStage, PlacementProblem } from "./problem.ts";
import { batchAtLevel } from "./segment-tables.ts";
import { createAxes, createTransitions, hasGrid } from "./transitions.ts";
import type { Axis, CellShape, Transitions } from "./transitions.ts";
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

/** Few models by every cell of their grid; where that leaves them few cuts, or there are more, by a path of finer cuts too. */
function placeWithin(problem: PlacementProblem): Placement {
  const boundPs = workFloorPs(problem);
  const onPath = problem.towers.length >= PATH_MODELS ? placeOn(problem, "path", boundPs) : undefined;
  const onGrid = onPath === undefined || hasGrid(problem.towers) ? placeOn(problem, "grid", boundPs) : undefined;
  if (onPath === undefined || onGrid === undefined) return onGrid ?? onPath ?? placeOn(problem, "grid", boundPs);
  return onPath.bestPeriodPs < onGrid.bestPeriodPs ? onPath : onGrid;
}

/** From so many models on, a grid has fewer than ten cuts of each. */
const PATH_MODELS = 3;

function placeOn(problem: PlacementProblem, shape: CellShape, boundPs: number): Placement {
  const { axes, ...cells } = createAxes(problem.towers, problem.towers.map((tower) => tensorLayout(tower.work)), shape, problem.hints.colocate === true);
  const graphs = problem.kinds.map((kind) => createTransitions(problem, kind, { axes, ...cells }));
  const best = graphs.map((graph, kind) => leastPeriod(graph, countOf(problem, kind), problem.hints));
  const rate = best.reduce((sum, chain) => sum + (chain === undefined ? 0 : 1 / chain.periodPs), 0);
  const mixed = bestMixedChain(graphs, problem.kinds.map((_, kind) => countOf(problem, kind)), problem.hints, boundPs, rate === 0 ? boundPs * MIXED_SEARCH : 1 / rate);
  return {
    bestPeriodPs: Math.min(rate === 0 ? Infinity : 1 / rate, mixed?.periodPs ?? Infinity),
    boundPs,
    kindPeriodsPs: best.map((chain) => chain?.periodPs),
    cuts: axes.map(({ cuts }) => cuts.positions.length),
    lanesFor(periodPs, left = problem.kinds.map(devicesOf)) {
      const filling = { problem, axes, graphs, best, counts: left.map((devices, kind) => Math.min(devices, countOf(problem, kind))) };
      return fillLanes(filling, periodPs) ?? mixedLane(filling, boundPs, periodPs);
    },
  };
}

function countOf(problem: PlacementProblem, kind: number): number {
  const found = problem.kinds[kind];
  return found === undefined ? 0 : devicesForGangs(found, problem.hints);
}

/** Where no kind alone holds the models, mixed lanes are looked for up to this many times the bound. */
const MIXED_SEARCH = 1000;

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
    const lane = laneOf(found.transitions.map((at, stage) => stageOf(axes, graph, { kind, from: found.froms[stage] ?? 0, transition: at, replicas: found.replicas[stage] ?? 1 }, Math.max(wanted, found.periodPs))));
    lanes.push(lane);
    rateLeft -= 1 / lane.periodPs;
  }
  return rateLeft > 1e-6 / periodPs ? undefined : lanes;
}

/** One lane over several kinds, where lanes of one kind each cannot keep to the period. */
function mixedLane({ problem, axes, graphs, counts }: Filling, boundPs: number, periodPs: number): readonly Lane[] | undefined {
  const limit = periodPs * (1 + 1e-9);
  const found = bestMixedChain(graphs, counts, problem.hints, boundPs, limit * 1.001);
  if (found === undefined || found.periodPs > limit) return undefined;
  return [laneOf(found.stages.flatMap((stage) => {
    const graph = graphs[stage.kind];
    return graph === undefined ? [] : [stageOf(axes, graph, stage, limit)];
  }))];
}

function laneOf(stages: readonly PlacedStage[]): Lane {
  return { stages, periodPs: Math.max(...stages.map((stage) => stage.workPs / stage.replicas)), devices: stages.reduce((sum, stage) => sum + stage.replicas * stage.degree, 0) };
}

/** A stage at the smallest batch with which it keeps to the period. */
function stageOf(axes: readonly Axis[], graph: Transitions, { kind, from, transition: at, replicas }: MixedStage, periodPs: number): PlacedStage {
  const to = graph.to[at];
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
  return { kind, parts, degree: graph.degree[at], replicas, workPs: figures.work, bytes: figures.bytes };
}
