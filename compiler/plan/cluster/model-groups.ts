/**
 * Models that are placed together. One group of all models lets any of them share devices; a group for each map keeps
 * the demands of maps apart. Both ways are tried where the demands differ.
 */
import type { AcceleratorKind, PlacementHints, PlacementProblem } from "../place/problem.ts";
import type { ModelDemand } from "./describe-pipeline.ts";

export interface ModelGroup {
  readonly demands: readonly ModelDemand[];
  readonly problem: PlacementProblem;
}

/** Ways to group the models that run on devices; each way covers all of them. */
export function groupModels(demands: readonly ModelDemand[], kinds: readonly AcceleratorKind[]): readonly (readonly ModelGroup[])[] {
  if (demands.length === 0) return [];
  const byMap = new Map<string, ModelDemand[]>();
  for (const demand of demands) {
    const key = demand.hints.colocate === true ? demand.mapKey : `${demand.stage}`;
    byMap.set(key, [...(byMap.get(key) ?? []), demand]);
  }
  const apart = [...byMap.values()].map((members) => createGroup(members, kinds));
  const together = mergeable(demands) ? [[createGroup(demands, kinds)]] : [];
  return apart.length === 1 ? [apart] : [...together, apart];
}

function createGroup(demands: readonly ModelDemand[], kinds: readonly AcceleratorKind[]): ModelGroup {
  return {
    demands,
    problem: {
      towers: demands.map(({ work, rowsPerSource, batches }) => ({ work, rowsPerSource, batches })),
      kinds: kinds.map((kind) => (demands.every((demand) => mayUse(demand, kind)) ? kind : { ...kind, nodes: 0 })),
      hints: mergeHints(demands.map((demand) => demand.hints)),
    },
  };
}

/** "cuda" and "cuda:0" stand for any device; anything else is a device's name. */
export function mayUse(demand: ModelDemand, kind: AcceleratorKind): boolean {
  return demand.device === undefined || /^cuda(:\d+)?$/.test(demand.device) || demand.device === kind.device.name;
}

/** Whether one chain of stages can meet all demands. */
function mergeable(demands: readonly ModelDemand[]): boolean {
  const distinct = (pick: (demand: ModelDemand) => unknown): number => new Set(demands.map(pick)).size;
  const colocated = demands.some((demand) => demand.hints.colocate === true);
  return distinct((demand) => demand.device) === 1 && distinct((demand) => demand.hints.pipeline) === 1 && distinct((demand) => demand.hints.tensor) === 1 && (!colocated || distinct((demand) => demand.mapKey) === 1);
}

function mergeHints(all: readonly PlacementHints[]): PlacementHints {
  const [first = {}] = all;
  const memory = all.flatMap((hints) => hints.memoryBytes ?? []);
  const ranges = all.flatMap((hints) => (hints.replicas === undefined ? [] : [hints.replicas]));
  const stages = Math.max(0, ...ranges.map((list) => list.length));
  const replicas = Array.from({ length: stages }, (_, stage) => {
    const own = ranges.map((list) => list[Math.min(stage, list.length - 1)] ?? { low: 1, high: Infinity });
    return { low: Math.max(...own.map((range) => range.low)), high: Math.min(...own.map((range) => range.high)) };
  });
  return {
    ...first,
    ...(memory.length === 0 ? {} : { memoryBytes: Math.min(...memory) }),
    ...(stages === 0 ? {} : { replicas }),
  };
}
