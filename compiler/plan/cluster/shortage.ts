/** Why models do not fit and the smallest change with which they would: tried out, not guessed. */
import { placeModels } from "../place/place-models.ts";
import { degreesOf, devicesOf } from "../place/problem.ts";
import type { PlacementHints, PlacementProblem } from "../place/problem.ts";
import { usableBytes } from "../cost/prices.ts";
import { tensorLayout } from "../cost/tensor-layout.ts";
import { weightBytesOf } from "../cost/model-work.ts";
import { measureRuns, segmentTable } from "../place/segment-tables.ts";
import { printBytes } from "../print-plan.ts";
import type { ModelGroup } from "./model-groups.ts";

export interface Shortage {
  readonly models: string;
  /** Completes "does not fit:". */
  readonly short: string;
  /** An instruction. */
  readonly fix: string;
}

export function explainShortage(group: ModelGroup): Shortage {
  const { problem } = group;
  return { models: group.demands.map((demand) => demand.work.name).join(" with "), short: whatIsShort(problem), fix: smallestChange(problem) ?? "use devices with more memory, or more machines" };
}

/** The best a device can do for the models uncut, and what it has. */
function whatIsShort(problem: PlacementProblem): string {
  const usable = problem.kinds.filter((kind) => devicesOf(kind) > 0);
  if (usable.length === 0) return "no device of the hardware may run it";
  const options = usable.flatMap((kind) => degreesOf(kind, problem.hints).map((degree) => ({ kind, degree, need: leastBytes(problem, kind, degree), has: usableBytes(kind.device, problem.hints.memoryBytes) })));
  const [first] = options.sort((a, b) => a.need / a.has - b.need / b.has);
  if (first === undefined) return `a gang of ${problem.hints.tensor ?? 1} devices does not fit one machine`;
  const { kind, degree, need, has } = first;
  const stages = problem.hints.pipeline ?? 1;
  const shared = degree > 1 ? ` shared by ${degree} devices` : "";
  if (need > has * stages) {
    return `${stages === 1 ? "in one stage" : `over ${stages} stages`}${shared} it needs ${printBytes(need)}, and ${stages === 1 ? "a" : `${stages}`} ${kind.device.name} can give ${printBytes(has * stages)}, ${printBytes(need - has * stages)} less`;
  }
  const devices = Math.ceil(need / has) * degree;
  if (devicesOf(kind) < devices) return `it needs ${devices} devices of type ${kind.device.name}, and there are ${devicesOf(kind)}`;
  return `it needs ${printBytes(need)} in all, but no cuts divide it so that every stage keeps within the ${printBytes(has)} of a ${kind.device.name} and the settings' replicas`;
}

/** Whole models at their smallest batch. */
function leastBytes(problem: PlacementProblem, kind: PlacementProblem["kinds"][number], degree: number): number {
  return problem.towers.reduce((sum, tower) => {
    const layout = tensorLayout(tower.work);
    const ends = [0, tower.work.nodes.length];
    const values = ends.map((position) => tower.work.values.filter((value) => !value.cloned && value.from < position && value.lastUse >= position));
    const cuts = { positions: ends, crossing: values.map((list) => list.length), bytes: values.map((list) => tower.work.points.map((_, point) => list.reduce((total, value) => total + (value.bytes[point] ?? 0), 0))) };
    const table = segmentTable(tower, kind, degree, 1, cuts, layout, measureRuns(tower, cuts, layout));
    return sum + (table.bytes[0]?.[1] ?? weightBytesOf(tower.work));
  }, 0);
}

/** Changes from the smallest to the largest; the first with which a placement is found. */
function smallestChange(problem: PlacementProblem): string | undefined {
  const { hints } = problem;
  const { replicas: _replicas, ...withoutReplicas } = hints;
  const { memoryBytes: _memory, ...withoutMemory } = hints;
  const { pipeline: _pipeline, ...withoutPipeline } = hints;
  const { tensor: _tensor, ...withoutShard } = withoutPipeline;
  const current = hints.pipeline ?? 1;
  const deeper = [1, 2, 3, 4, 6, 8, 12, 16].map((more) => current + more);
  const candidates: readonly (readonly [string, PlacementHints, number])[] = [
    ...(hints.replicas === undefined ? [] : [["leave out `replicas`", withoutReplicas, 1] as const]),
    ...(hints.pipeline === undefined ? [] : [...deeper.map((pipeline) => [`write \`shard: { pipeline: ${pipeline} }\``, { ...hints, pipeline }, 1] as const), ["leave out `pipeline`", withoutPipeline, 1] as const]),
    ...[2, 4, 8].filter((tensor) => tensor !== hints.tensor).map((tensor) => [`write \`shard: { ${hints.pipeline === undefined ? "" : `pipeline: ${hints.pipeline}, `}tensor: ${tensor} }\``, { ...hints, tensor }, 1] as const),
    ...(hints.memoryBytes === undefined ? [] : [["leave out `memory`", withoutMemory, 1] as const]),
    ...MORE_MACHINES.map((times) => [`use ${times} times as many machines`, hints, times] as const),
    ...(hints.pipeline === undefined && hints.tensor === undefined ? [] : MORE_MACHINES.map((times) => [`leave out \`shard\` and use ${times} times as many machines`, withoutShard, times] as const)),
  ];
  return candidates.find(([, changed, times]) => fits(problem, changed, times))?.[0];
}

const MORE_MACHINES = [2, 4, 8, 16, 32, 64];

function fits(problem: PlacementProblem, hints: PlacementHints, times: number): boolean {
  const kinds = problem.kinds.map((kind) => ({ ...kind, nodes: kind.nodes * times }));
  // The smallest batch decides whether it fits at all.
  const towers = problem.towers.map((tower) => ({ ...tower, batches: tower.batches.slice(0, 1) }));
  return placeModels({ towers, kinds, hints }).bestPeriodPs < Infinity;
}
