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
  /** Lanes that together keep to the period, on few devices. None if it is below the best. */
  lanesFor(periodPs: number): readonly Lane[] | undefined;
}

export function placeModels(problem: PlacementProblem): Placement {
  const axes = createAxes(problem.towers, problem.towers.map((tower) => tensorLayout(tower.work)));
  const graphs = problem.kinds.map((kind) => createTransitions(problem, kind, axes));
  const best = graphs.map((graph, kind) => leastPeriod(graph, countOf(problem, kind), problem.hints));
  const rate = best.reduce((sum, chain) => sum + (chain === undefined ? 0 : 1 / chain.periodPs), 0);
  return {
    bestPeriodPs: rate === 0 ? Infinity : 1 / rate,
    boundPs: workFloorPs(problem),
    kindPeriodsPs: best.map((chain) => chain?.periodPs),
    cuts: axes.map(({ cuts }) => cuts.positions.length),
    lanesFor: (periodPs) => fillLanes(problem, axes, graphs, best, periodPs),
  };
}

function countOf(problem: PlacementProblem, kind: number): number {
  const found = problem.kinds[kind];
  return found === undefined ? 0 : devicesOf(found);
}

/** The kinds that do most per device first, each with all its devices until the last, which takes what is left to do. */
function fillLanes(problem: PlacementProblem, axes: readonly Axis[], graphs: readonly Transitions[], best: readonly (Chain | undefined)[], periodPs: number): readonly Lane[] | undefined {
  const order = best
    .flatMap((chain, kind) => (chain === undefined ? [] : [{ kind, chain, perDevice: 1 / chain.periodPs / chain.devices }]))
    .sort((a, b) => b.perDevice - a.perDevice || a.kind - b.kind);
  const lanes: Lane[] = [];
  let rateLeft = 1 / periodPs;
  for (const { kind, chain } of order) {
    if (rateLeft <= 1e-9 / periodPs) break;
    const graph = graphs[kind];
    if (graph === undefined) continue;
    const wanted = Math.max(1 / rateLeft, chain.periodPs);
    const found = fewestDevices(graph, wanted * (1 + 1e-9), countOf(problem, kind), problem.hints) ?? chain;
    lanes.push({ kind, stages: stagesOf(axes, graph, found), periodPs: found.periodPs, devices: found.devices });
    rateLeft -= 1 / found.periodPs;
  }
  return rateLeft > 1e-6 / periodPs ? undefined : lanes;
}

function stagesOf(axes: readonly Axis[], graph: Transitions, chain: Chain): readonly PlacedStage[] {
  return chain.transitions.map((at, stage): PlacedStage => {
    const [from, to] = [chain.froms[stage] ?? 0, graph.to[at]];
    const parts = axes.flatMap(({ tower, cuts }, index) => {
      const [first, last] = [from, to].map((cell) => cuts.positions[graph.coordinates[cell * axes.length + index]] ?? 0);
      return first === last || first === undefined || last === undefined ? [] : [{ tower: index, from: first, to: last, batch: batchAtLevel(tower, graph.level[at]) }];
    });
    return { parts, degree: graph.degree[at], replicas: chain.replicas[stage] ?? 1, workPs: graph.work[at], bytes: graph.bytes[at] };
  });
}
