/** Random small cost graphs that use everything a cost graph can say. */
import type { CostGraph, CostNode, DeviceKind, Mode, SharedWeight, Transfer } from "../../../../compiler/plan/solve/cost-graph.ts";
import type { Random } from "../../../support/random.ts";

export interface RandomShape {
  readonly nodes: number;
  /** Integer costs make equal periods common and exact; others are uniform doubles. */
  readonly integers: boolean;
}

/** A graph of some nodes on up to two kinds of devices, each with up to two tensor degrees and three replicas. */
export function randomCostGraph(random: Random, shape: RandomShape): CostGraph {
  const kinds = Array.from({ length: 1 + random.integer(2) }, (_, kind) => randomKind(random, kind, shape.nodes));
  const modes = kinds.flatMap((_, kind) => randomModes(random, kind));
  const cost = (below: number): number => (shape.integers ? random.integer(below) : random.integer(1 << 30) / (1 << 30) * below);
  const colors = random.integer(3) === 0;
  const nodes = Array.from({ length: shape.nodes }, (_, i): CostNode => {
    const time = random.integer(5) === 0 ? 0 : 1 + cost(12);
    const bytes = random.integer(3) === 0 ? 0 : random.integer(8);
    return {
      name: `n${i}`,
      times: modes.map((mode) => (random.integer(14) === 0 ? null : time === 0 ? 0 : (time * (1 + 3 * mode.kind)) / mode.degree + (mode.degree > 1 ? cost(2) : 0))),
      bytes: modes.map((mode) => Math.ceil(bytes / mode.degree)),
      color: colors && random.integer(4) === 0 ? `c${random.integer(2)}` : null,
    };
  });
  const transfers = randomTransfers(random, shape.nodes, modes, cost);
  const order = [...transfers.flatMap((t) => t.to.map((to) => [t.from, to] as const)), ...strayOrder(random, shape.nodes)];
  return { kinds, modes, nodes, transfers, sharedWeights: randomWeights(random, shape.nodes, modes), order };
}

function randomKind(random: Random, kind: number, nodes: number): DeviceKind {
  return { name: `kind${kind}`, count: random.integer(5), memoryBytes: random.integer(2) === 0 ? Infinity : 5 + random.integer(4 * nodes) };
}

function randomModes(random: Random, kind: number): Mode[] {
  const degrees = random.integer(2) === 0 ? [1] : [1, 2];
  return degrees.map((degree) => ({ name: `kind${kind}x${degree}`, kind, degree, replicasMax: 1 + random.integer(3) }));
}

function randomTransfers(random: Random, nodes: number, modes: readonly Mode[], cost: (below: number) => number): Transfer[] {
  const transfers: Transfer[] = [];
  const density = 2 + random.integer(5);
  for (let from = 0; from < nodes; from++) {
    const to: number[] = [];
    for (let other = from + 1; other < nodes; other++) if (random.integer(density) === 0) to.push(other);
    if (to.length === 0) continue;
    const one = cost(6);
    transfers.push({ from, to, costs: modes.map((mode) => (random.integer(4) === 0 ? 0 : mode.kind === 1 ? 0 : one)) });
  }
  return transfers;
}

/** Now and then a pair that no transfer goes along, or one that closes a cycle. */
function strayOrder(random: Random, nodes: number): (readonly [number, number])[] {
  return random.integer(6) === 0 ? [[random.integer(nodes), random.integer(nodes)]] : [];
}

function randomWeights(random: Random, nodes: number, modes: readonly Mode[]): SharedWeight[] {
  if (random.integer(3) !== 0) return [];
  const users = Array.from({ length: nodes }, (_, i) => i).filter(() => random.integer(2) === 0);
  return users.length === 0 ? [] : [{ users, bytes: modes.map(() => 1 + random.integer(6)) }];
}
