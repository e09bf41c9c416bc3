/**
 * A smaller graph whose every partition is a partition of the given one: neighbours in a topological order are tied
 * together in segments, which end where little crosses. For a first solution of graphs with thousands of nodes.
 */
import type { Contraction } from "./contract-graph.ts";
import type { CostGraph } from "./cost-graph.ts";
import type { Instance } from "./instance.ts";

/** The graph with the nodes of each of about so many segments of the order given one colour. */
export function coarsenGraph(graph: CostGraph, contraction: Contraction, instance: Instance, order: readonly number[], segments: number): CostGraph {
  const colors = graph.nodes.map((node) => node.color);
  const open = openCosts(instance, order);
  const length = order.length / segments;
  for (let segment = 0, from = 0; from < order.length; segment++) {
    const to = cheapestEnd(open, Math.round(from + length / 2), Math.round(from + length * 1.5));
    for (const c of order.slice(from, to)) for (const node of contraction.members[c] ?? []) colors[node] = `segment ${segment}`;
    from = to;
  }
  return { ...graph, nodes: graph.nodes.map((node, i) => ({ ...node, color: colors[i] ?? null })) };
}

/** The costs that cross each position of an order, over all modes: open[i] lies after the first i classes. */
function openCosts(instance: Instance, order: readonly number[]): Float64Array {
  const { modes, classNetStart, classNets, netEnds, netCosts } = instance;
  const cost = Float64Array.from(netEnds, (_, net) => netCosts.subarray(net * modes, net * modes + modes).reduce((sum, of) => sum + of, 0));
  const done = new Int32Array(netEnds.length);
  const open = new Float64Array(order.length + 1);
  for (const [i, c] of order.entries()) {
    open[i + 1] = open[i];
    for (let at = classNetStart[c]; at < classNetStart[c + 1]; at++) {
      const net = classNets[at];
      const now = ++done[net];
      if (now === 1) open[i + 1] += cost[net];
      if (now === netEnds[net]) open[i + 1] -= cost[net];
    }
  }
  return open;
}

function cheapestEnd(open: Float64Array, from: number, to: number): number {
  const last = open.length - 1;
  if (to >= last) return last;
  let end = Math.max(1, from);
  for (let i = end; i <= to; i++) if (open[i] < open[end]) end = i;
  return end;
}
