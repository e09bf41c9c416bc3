/**
 * The dynamic program: at a given period, the chain of stages from the empty cell to the full one that takes the fewest
 * devices, then has the fewest stages, then the least work.
 *
 *   devices[to] = min over transitions from -> to of devices[from] + degree * replicas,  replicas = ceil(work / period)
 *
 * Exact over the cells it is given.
 */
import type { PlacementHints } from "./problem.ts";
import type { Transitions } from "./transitions.ts";

/** Numbers of transitions, first stage first, and the replicas of each. */
export interface Chain {
  readonly transitions: readonly number[];
  readonly froms: readonly number[];
  readonly replicas: readonly number[];
  readonly devices: number;
  /** The largest work over replicas. */
  readonly periodPs: number;
}

/** Undefined where no chain of at most `devicesMax` devices keeps to the period. */
export function fewestDevices(graph: Transitions, periodPs: number, devicesMax: number, hints: PlacementHints): Chain | undefined {
  // Only the number of a stage tells which demands it must meet, so it is part of the state where that matters.
  const layered = hints.pipeline !== undefined || (hints.replicas?.length ?? 0) > 1;
  const layers = layered ? (hints.pipeline ?? hints.replicas?.length ?? 1) : 1;
  const table = createTable(graph.cells * (layered ? layers + 1 : 1));
  table.devices[0] = 0;
  for (let layer = 0; layer < layers; layer++) {
    const range = hints.replicas?.[layered ? Math.min(layer, hints.replicas.length - 1) : 0] ?? { low: 1, high: devicesMax };
    relaxLayer(graph, table, { from: layered ? layer * graph.cells : 0, to: layered ? (layer + 1) * graph.cells : 0, periodPs, devicesMax, range });
  }
  const end = (layered ? layers * graph.cells : 0) + graph.cells - 1;
  return table.devices[end] === Infinity ? undefined : readBack(graph, table, end);
}

interface Table {
  readonly devices: Float64Array;
  readonly stages: Int32Array;
  readonly work: Float64Array;
  readonly via: Int32Array;
  readonly from: Int32Array;
  readonly replicas: Int32Array;
}

function createTable(size: number): Table {
  return {
    devices: new Float64Array(size).fill(Infinity),
    stages: new Int32Array(size),
    work: new Float64Array(size),
    via: new Int32Array(size).fill(-1),
    from: new Int32Array(size),
    replicas: new Int32Array(size),
  };
}

interface Layer {
  /** Offsets of the states before and after the stage. */
  readonly from: number;
  readonly to: number;
  readonly periodPs: number;
  readonly devicesMax: number;
  readonly range: { readonly low: number; readonly high: number };
}

function relaxLayer(graph: Transitions, table: Table, layer: Layer): void {
  const { devices, stages, work } = table;
  const { periodPs, devicesMax, range } = layer;
  for (let cell = 0; cell < graph.cells - 1; cell++) {
    const source = layer.from + cell;
    const before = devices[source];
    if (before >= devicesMax) continue;
    for (let at = graph.first[cell]; at < graph.first[cell + 1]; at++) {
      const replicas = Math.max(range.low, Math.ceil(graph.work[at] / periodPs));
      const used = before + replicas * graph.degree[at];
      if (replicas > range.high || used > devicesMax) continue;
      const target = layer.to + graph.to[at];
      if (used > devices[target]) continue;
      const [stagesNow, workNow] = [stages[source] + 1, work[source] + graph.work[at]];
      const isBetter = used < devices[target] || stagesNow < stages[target] || (stagesNow === stages[target] && workNow < work[target]);
      if (!isBetter) continue;
      devices[target] = used;
      stages[target] = stagesNow;
      work[target] = workNow;
      table.via[target] = at;
      table.from[target] = source;
      table.replicas[target] = replicas;
    }
  }
}

function readBack(graph: Transitions, table: Table, end: number): Chain {
  const transitions: number[] = [];
  const froms: number[] = [];
  const replicas: number[] = [];
  for (let state = end; table.via[state] >= 0; state = table.from[state]) {
    transitions.unshift(table.via[state]);
    froms.unshift(table.from[state] % graph.cells);
    replicas.unshift(table.replicas[state]);
  }
  const periodPs = Math.max(0, ...transitions.map((at, stage) => graph.work[at] / (replicas[stage] ?? 1)));
  return { transitions, froms, replicas, devices: table.devices[end], periodPs };
}

/** The chain of the least period that so many devices allow, to one part in 10^9. */
export function leastPeriod(graph: Transitions, devicesMax: number, hints: PlacementHints): Chain | undefined {
  let best = fewestDevices(graph, Infinity, devicesMax, hints);
  let low = 0;
  while (best !== undefined && best.periodPs - low > best.periodPs * 1e-9) {
    const middle = (low + best.periodPs) / 2;
    const found = fewestDevices(graph, middle, devicesMax, hints);
    if (found === undefined) low = middle;
    else best = found;
  }
  return best;
}
