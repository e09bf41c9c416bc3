/**
 * A lane whose stages are on devices of several kinds: each part of a model on the kind that is best at it. Devices have
 * prices, a dynamic program finds the cheapest chain of stages at a period, and the prices of kinds it takes too many
 * devices of are raised until it takes none too many. A heuristic: what it finds is sound, what it does not find may be.
 */
import type { PlacementHints } from "./problem.ts";
import type { Transitions } from "./transitions.ts";

export interface MixedStage {
  readonly kind: number;
  readonly from: number;
  readonly transition: number;
  readonly replicas: number;
}

export interface MixedChain {
  readonly stages: readonly MixedStage[];
  readonly periodPs: number;
}

const PRICE_ROUNDS = 30;

/** The best mixed chain below `limitPs`, if one is found. Chains with demands on stages or replicas are not looked for. */
export function bestMixedChain(graphs: readonly Transitions[], counts: readonly number[], hints: PlacementHints, floorPs: number, limitPs: number): MixedChain | undefined {
  if (graphs.length < 2 || hints.pipeline !== undefined || hints.replicas !== undefined) return undefined;
  let best: MixedChain | undefined;
  let [low, high] = [floorPs, limitPs];
  while (high - low > high * 1e-3) {
    const middle = (low + high) / 2;
    const found = chainWithin(graphs, counts, middle);
    if (found === undefined) low = middle;
    else {
      best = found;
      high = Math.min(middle, found.periodPs);
    }
  }
  return best;
}

function chainWithin(graphs: readonly Transitions[], counts: readonly number[], periodPs: number): MixedChain | undefined {
  let prices = counts.map((count) => (count === 0 ? Infinity : 1 / count));
  for (let round = 0; round < PRICE_ROUNDS; round++) {
    const stages = cheapestChain(graphs, prices, periodPs);
    if (stages === undefined) return undefined;
    const used = counts.map((_, kind) => stages.reduce((sum, stage) => sum + (stage.kind === kind ? stage.replicas * (graphs[kind]?.degree[stage.transition] ?? 1) : 0), 0));
    if (used.every((devices, kind) => devices <= (counts[kind] ?? 0))) {
      return { stages, periodPs: Math.max(...stages.map((stage) => (graphs[stage.kind]?.work[stage.transition] ?? 0) / stage.replicas)) };
    }
    // Ever smaller steps, so that prices settle instead of swinging.
    const step = 1 / (1 + round / 4);
    prices = prices.map((price, kind) => price * (1 + step * Math.max(-0.5, Math.min(1, (used[kind] ?? 0) / Math.max(1, counts[kind] ?? 0) - 1))));
  }
  return undefined;
}

/** By cell: the least price of devices that bring rows there at the period. */
function cheapestChain(graphs: readonly Transitions[], prices: readonly number[], periodPs: number): readonly MixedStage[] | undefined {
  const cells = graphs[0]?.cells ?? 0;
  const cost = new Float64Array(cells).fill(Infinity);
  const via: (MixedStage | undefined)[] = Array.from({ length: cells }, () => undefined);
  cost[0] = 0;
  for (let from = 0; from < cells - 1; from++) {
    if (cost[from] === Infinity) continue;
    for (const [kind, graph] of graphs.entries()) {
      const price = prices[kind] ?? Infinity;
      if (price === Infinity) continue;
      for (let transition = graph.first[from]; transition < graph.first[from + 1]; transition++) {
        const replicas = Math.max(1, Math.ceil(graph.work[transition] / periodPs));
        const total = cost[from] + price * replicas * graph.degree[transition];
        const to = graph.to[transition];
        if (total >= cost[to]) continue;
        cost[to] = total;
        via[to] = { kind, from, transition, replicas };
      }
    }
  }
  const stages: MixedStage[] = [];
  for (let cell = cells - 1; cell > 0; cell = stages[0]?.from ?? 0) {
    const stage = via[cell];
    if (stage === undefined) return undefined;
    stages.unshift(stage);
  }
  return stages;
}
