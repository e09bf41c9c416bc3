/** Changes to a cost graph of which the effect on its best period is known. */
import type { CostGraph } from "../../../../compiler/plan/solve/cost-graph.ts";
import type { Random } from "../../../support/random.ts";

/** The same graph with its nodes, transfers and order pairs shuffled and its nodes renamed. */
export function permuteGraph(graph: CostGraph, random: Random): CostGraph {
  const newToOld = shuffled(graph.nodes.map((_, i) => i), random);
  const oldToNew = new Map(newToOld.map((old, i) => [old, i]));
  const rename = (node: number): number => oldToNew.get(node) ?? 0;
  return {
    ...graph,
    nodes: newToOld.flatMap((old, i) => {
      const node = graph.nodes[old];
      return node === undefined ? [] : [{ ...node, name: `renamed ${i}`, color: node.color === null ? null : `colour ${node.color}` }];
    }),
    transfers: shuffled(graph.transfers, random).map((t) => ({ ...t, from: rename(t.from), to: shuffled(t.to.map(rename), random) })),
    sharedWeights: shuffled(graph.sharedWeights, random).map((weight) => ({ ...weight, users: shuffled(weight.users.map(rename), random) })),
    order: shuffled(graph.order, random).map(([a, b]) => [rename(a), rename(b)] as const),
  };
}

/** Every time and transfer cost times a factor. */
export function scaleCosts(graph: CostGraph, factor: number): CostGraph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, times: node.times.map((time) => (time === null ? null : time * factor)) })),
    transfers: graph.transfers.map((transfer) => ({ ...transfer, costs: transfer.costs.map((cost) => cost * factor) })),
  };
}

/** Every transfer cost times a factor: a faster link. */
export function scaleTransfers(graph: CostGraph, factor: number): CostGraph {
  return { ...graph, transfers: graph.transfers.map((transfer) => ({ ...transfer, costs: transfer.costs.map((cost) => cost * factor) })) };
}

/** One more device of a kind. */
export function addDevice(graph: CostGraph, kind: number): CostGraph {
  return { ...graph, kinds: graph.kinds.map((of, i) => (i === kind ? { ...of, count: of.count + 1 } : of)) };
}

/** Every device with some more memory. */
export function addMemory(graph: CostGraph, bytes: number): CostGraph {
  return { ...graph, kinds: graph.kinds.map((kind) => ({ ...kind, memoryBytes: kind.memoryBytes + bytes })) };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const [a, b] = [result[i], result[j]];
    if (a !== undefined && b !== undefined) [result[i], result[j]] = [b, a];
  }
  return result;
}
