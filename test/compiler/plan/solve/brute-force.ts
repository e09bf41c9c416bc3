/**
 * The best partition by looking at all of them, straight from the definition in cost-graph.ts: every set partition whose
 * stages can be put in an order, every mode and replica count of every stage.
 */
import type { CostGraph } from "../../../../compiler/plan/solve/cost-graph.ts";

export interface BruteForceResult {
  readonly period: number;
  readonly devices: number;
}

interface StageOption {
  readonly kind: number;
  readonly devices: number;
  readonly period: number;
}

/** The smallest period and the fewest devices it can be had with; undefined when nothing fits. For up to 9 nodes. */
export function bruteForce(graph: CostGraph): BruteForceResult | undefined {
  const optionsOf = new Map<number, readonly StageOption[]>();
  const options = (stage: number): readonly StageOption[] => {
    const known = optionsOf.get(stage) ?? stageOptions(graph, stage);
    optionsOf.set(stage, known);
    return known;
  };
  let best: BruteForceResult | undefined;
  const counts = graph.kinds.map((kind) => kind.count);

  const place = (stages: readonly number[], at: number, left: readonly number[], period: number, devices: number): void => {
    if (best !== undefined && (period > best.period || (period === best.period && devices >= best.devices))) return;
    const stage = stages[at];
    if (stage === undefined) {
      best = { period, devices };
      return;
    }
    for (const option of options(stage)) {
      const rest = (left[option.kind] ?? 0) - option.devices;
      if (rest < 0) continue;
      const after = left.map((count, kind) => (kind === option.kind ? rest : count));
      place(stages, at + 1, after, Math.max(period, option.period), devices + option.devices);
    }
  };

  for (const stages of setPartitions(graph.nodes.length)) {
    if (keepsColors(graph, stages) && isOrderable(graph, stages)) place(stages, 0, counts, 0, 0);
  }
  return best;
}

/** Every way to divide 0 .. count - 1 into sets, as bit masks. */
function* setPartitions(count: number, node = 0, stages: readonly number[] = []): Generator<readonly number[]> {
  if (node === count) {
    yield stages;
    return;
  }
  for (const [i, stage] of stages.entries()) yield* setPartitions(count, node + 1, stages.with(i, stage | (1 << node)));
  yield* setPartitions(count, node + 1, [...stages, 1 << node]);
}

function keepsColors(graph: CostGraph, stages: readonly number[]): boolean {
  const stageOfColor = new Map<string, number>();
  return graph.nodes.every(({ color }, node) => {
    if (color === null) return true;
    const stage = stages.findIndex((of) => (of & (1 << node)) !== 0);
    if (!stageOfColor.has(color)) stageOfColor.set(color, stage);
    return stageOfColor.get(color) === stage;
  });
}

/** True when the graph of stages has no cycle: repeatedly remove a stage that nothing left must come before. */
function isOrderable(graph: CostGraph, stages: readonly number[]): boolean {
  let left = stages;
  while (left.length > 0) {
    const free = left.filter((stage) => !graph.order.some(([a, b]) => (stage & (1 << b)) !== 0 && left.some((other) => other !== stage && (other & (1 << a)) !== 0)));
    if (free.length === 0) return false;
    left = left.filter((stage) => !free.includes(stage));
  }
  return true;
}

function stageOptions(graph: CostGraph, stage: number): StageOption[] {
  const inside = graph.nodes.map((_, node) => (stage & (1 << node)) !== 0);
  return graph.modes.flatMap((mode, m): StageOption[] => {
    const times = graph.nodes.map((node, i) => (inside[i] === true ? (node.times[m] ?? Infinity) : 0));
    const bytes = graph.nodes.map((node, i) => (inside[i] === true ? (node.bytes[m] ?? 0) : 0));
    const shared = graph.sharedWeights.map((weight) => (weight.users.some((user) => inside[user]) ? (weight.bytes[m] ?? 0) : 0));
    const sent = graph.transfers.map((transfer) => {
      const ends = [transfer.from, ...transfer.to].map((end) => inside[end] === true);
      return ends.includes(true) && ends.includes(false) ? (transfer.costs[m] ?? 0) : 0;
    });
    const load = sum(times) + sum(sent);
    const limit = graph.kinds[mode.kind]?.memoryBytes ?? 0;
    if (load === Infinity || sum(bytes) + sum(shared) > limit) return [];
    return Array.from({ length: mode.replicasMax }, (_, r) => ({ kind: mode.kind, devices: (r + 1) * mode.degree, period: load / (r + 1) }));
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
