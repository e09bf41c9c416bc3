/** Reasons why no partition can exist that are seen without a search. */
import type { Contraction } from "./contract-graph.ts";
import type { CostGraph } from "./cost-graph.ts";
import { exactSum } from "./exact-sum.ts";

/** What is short, by how much; undefined when nothing obvious is. */
export function findShortage(graph: CostGraph, contraction: Contraction): string | undefined {
  for (const members of contraction.members) {
    const shortage = groupShortage(graph, members);
    if (shortage !== undefined) return shortage;
  }
  return totalShortage(graph);
}

/** Nodes that must share a stage but find no mode that runs them all within the memory of its devices. */
function groupShortage(graph: CostGraph, members: readonly number[]): string | undefined {
  const usable = graph.modes.map((mode, index) => ({ mode, index, kind: graph.kinds[mode.kind] }));
  const runs = usable.filter(
    ({ mode, index, kind }) =>
      mode.replicasMax > 0 && kind !== undefined && kind.count >= mode.degree && members.every((node) => graph.nodes[node]?.times[index] !== null),
  );
  const who = describe(graph, members);
  if (runs.length === 0) return `no device can run ${who}`;
  const set = new Set(members);
  const needs = runs.map(({ index, kind }) => ({
    need: exactSum([
      ...members.map((node) => graph.nodes[node]?.bytes[index] ?? 0),
      ...graph.sharedWeights.filter((weight) => weight.users.some((user) => set.has(user))).map((weight) => weight.bytes[index] ?? 0),
    ]),
    kind,
  }));
  if (needs.some(({ need, kind }) => need <= (kind?.memoryBytes ?? 0))) return undefined;
  const closest = needs.reduce((a, b) => (b.need - (b.kind?.memoryBytes ?? 0) < a.need - (a.kind?.memoryBytes ?? 0) ? b : a));
  return `${who} needs ${closest.need} bytes in one stage; a device of kind ${closest.kind?.name ?? ""} has ${closest.kind?.memoryBytes ?? 0}`;
}

function totalShortage(graph: CostGraph): string | undefined {
  const memory = graph.kinds.reduce((sum, kind) => sum + (kind.count === 0 ? 0 : kind.count * kind.memoryBytes), 0);
  if (memory === Infinity) return undefined;
  const need = exactSum(graph.nodes.map((node) => leastBytes(graph, node.bytes, node.times)));
  if (need <= memory) return undefined;
  return `the nodes need ${need} bytes; all devices together have ${memory}`;
}

function leastBytes(graph: CostGraph, bytes: readonly number[], times: readonly (number | null)[]): number {
  const inUse = graph.modes.flatMap((mode, m) => (times[m] === null || graph.kinds[mode.kind]?.count === 0 ? [] : [(bytes[m] ?? 0) * mode.degree]));
  return Math.min(...inUse);
}

function describe(graph: CostGraph, members: readonly number[]): string {
  const names = members.slice(0, 3).map((node) => graph.nodes[node]?.name ?? "");
  const more = members.length - names.length;
  if (members.length === 1) return `node ${names[0] ?? ""}`;
  return `the group of nodes ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}, which must share a stage,`;
}
