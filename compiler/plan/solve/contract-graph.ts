/**
 * Contraction that keeps exactness: the classes of nodes that must share a stage, and the removal of free leaves.
 *
 *   - Nodes of one colour, and nodes on a cycle of the order, are in one stage of every partition: they become one class.
 *   - A transfer keeps only its distinct classes; one that lies in a single class, or costs nothing, is dropped; those
 *     with equal ends are added up.
 *   - A free leaf is a class that takes no time in any mode, whose memory cannot matter (it has none, or the whole graph
 *     fits one device), that is a source or a sink of the order, and that at most one transfer touches, which touches
 *     all its neighbours too. Take any partition and move the leaf into the stage of its earliest (source) or latest
 *     (sink) neighbour: no load grows, and the order still holds. So leaves are taken out and put back afterwards.
 */
import type { CostGraph } from "./cost-graph.ts";
import { exactSum, exactSumAtMost } from "./exact-sum.ts";
import { stronglyConnected } from "./strongly-connected.ts";

export interface Contraction {
  /** Original nodes of each class, ascending. Classes are numbered in an order that `preds` respects. */
  readonly members: readonly (readonly number[])[];
  /** Classes that must not be in a later stage. */
  readonly preds: readonly (readonly number[])[];
  readonly succs: readonly (readonly number[])[];
  readonly nets: readonly Net[];
  /** In the order in which they were taken out. */
  readonly leaves: readonly Leaf[];
}

/** A transfer between classes. */
export interface Net {
  /** Distinct, ascending, at least two. */
  readonly ends: readonly number[];
  readonly costs: readonly number[];
}

export interface Leaf {
  readonly members: readonly number[];
  /** Nodes (one of each neighbour class) whose stages the leaf may join. */
  readonly anchors: readonly number[];
  readonly joins: "earliest" | "latest";
}

/** Contracts a graph; see the file's header for what that means. */
export function contractGraph(graph: CostGraph): Contraction {
  const classOf = stronglyConnected(graph.nodes.length, tiedPairs(graph));
  const count = classOf.reduce((most, c) => Math.max(most, c + 1), 0);
  const members: number[][] = Array.from({ length: count }, () => []);
  for (const [node, c] of classOf.entries()) members[c]?.push(node);
  const order = graph.order.map(([a, b]) => [classOf[a] ?? 0, classOf[b] ?? 0] as const);
  const nets = mergeNets(graph, (node) => classOf[node] ?? 0);
  const leaves = findLeaves(graph, members, order, nets);
  return withoutLeaves(members, order, nets, leaves);
}

/** The order, and a cycle through the nodes of each colour. */
function tiedPairs(graph: CostGraph): (readonly [number, number])[] {
  const byColor = new Map<string, number[]>();
  for (const [node, { color }] of graph.nodes.entries()) {
    if (color === null) continue;
    const group = byColor.get(color);
    if (group === undefined) byColor.set(color, [node]);
    else group.push(node);
  }
  const pairs = [...graph.order];
  for (const group of byColor.values()) {
    for (const [i, node] of group.entries()) pairs.push([node, group[(i + 1) % group.length] ?? node]);
  }
  return pairs;
}

function mergeNets(graph: CostGraph, classOf: (node: number) => number): Net[] {
  const merged = new Map<string, { ends: number[]; costs: number[][] }>();
  for (const transfer of graph.transfers) {
    if (transfer.costs.every((cost) => cost === 0)) continue;
    const ends = distinct([transfer.from, ...transfer.to].map(classOf));
    if (ends.length < 2) continue;
    const key = ends.join(" ");
    const entry = merged.get(key) ?? { ends, costs: graph.modes.map(() => []) };
    for (const [mode, cost] of transfer.costs.entries()) entry.costs[mode]?.push(cost);
    merged.set(key, entry);
  }
  return [...merged.values()].map(({ ends, costs }) => ({ ends, costs: costs.map(exactSum) }));
}

interface FoundLeaf extends Leaf {
  readonly class: number;
}

function findLeaves(
  graph: CostGraph,
  members: readonly (readonly number[])[],
  order: readonly (readonly [number, number])[],
  nets: readonly Net[],
): FoundLeaf[] {
  const neighbours = neighbourSets(members.length, order);
  const ends = nets.map((net) => new Set(net.ends));
  const touching: Set<number>[] = members.map(() => new Set());
  for (const [net, { ends: of }] of nets.entries()) for (const c of of) touching[c]?.add(net);
  const isFree = freeClasses(graph, members);
  const found: FoundLeaf[] = [];
  const queue = members.map((_, c) => c);
  const removed = new Set<number>();
  while (queue.length > 0) {
    const c = queue.shift() ?? 0;
    if (removed.has(c) || isFree[c] !== true || removed.size === members.length - 1) continue;
    const leaf = asLeaf(c, neighbours, ends, touching);
    if (leaf === undefined) continue;
    found.push({ class: c, members: members[c] ?? [], anchors: leaf.anchors.map((a) => members[a]?.[0] ?? 0), joins: leaf.joins });
    removed.add(c);
    queue.push(...takeOut(c, neighbours, ends, touching));
  }
  return found;
}

interface Neighbours {
  readonly preds: Set<number>[];
  readonly succs: Set<number>[];
}

function neighbourSets(count: number, order: readonly (readonly [number, number])[]): Neighbours {
  const preds: Set<number>[] = Array.from({ length: count }, () => new Set());
  const succs: Set<number>[] = Array.from({ length: count }, () => new Set());
  for (const [a, b] of order) {
    if (a === b) continue;
    succs[a]?.add(b);
    preds[b]?.add(a);
  }
  return { preds, succs };
}

function asLeaf(
  c: number,
  { preds, succs }: Neighbours,
  ends: readonly Set<number>[],
  touching: readonly Set<number>[],
): { anchors: readonly number[]; joins: Leaf["joins"] } | undefined {
  const before = preds[c] ?? new Set();
  const after = succs[c] ?? new Set();
  const nets = [...(touching[c] ?? [])];
  if (nets.length > 1 || (before.size > 0 && after.size > 0)) return undefined;
  const joins = before.size > 0 ? "latest" : "earliest";
  const ordered = before.size > 0 ? before : after;
  const net = nets[0];
  if (net === undefined) return { anchors: [...ordered], joins };
  const mates = [...(ends[net] ?? [])].filter((end) => end !== c);
  return [...ordered].every((other) => mates.includes(other)) ? { anchors: mates, joins } : undefined;
}

/** Takes a class out of all sets and returns the classes that may have become leaves by it. */
function takeOut(c: number, { preds, succs }: Neighbours, ends: readonly Set<number>[], touching: readonly Set<number>[]): number[] {
  const touched = new Set<number>([...(preds[c] ?? []), ...(succs[c] ?? [])]);
  for (const other of preds[c] ?? []) succs[other]?.delete(c);
  for (const other of succs[c] ?? []) preds[other]?.delete(c);
  for (const net of touching[c] ?? []) {
    const rest = ends[net];
    rest?.delete(c);
    for (const other of rest ?? []) touched.add(other);
    if (rest?.size === 1) for (const other of rest) touching[other]?.delete(net);
  }
  return [...touched].sort((a, b) => a - b);
}

/** Classes that take no time anywhere and whose memory cannot decide anything. */
function freeClasses(graph: CostGraph, members: readonly (readonly number[])[]): boolean[] {
  const limits = graph.modes.map((mode) => graph.kinds[mode.kind]?.memoryBytes ?? 0);
  const allFits = limits.every((limit, mode) =>
    exactSumAtMost([...graph.nodes.map((node) => node.bytes[mode] ?? 0), ...graph.sharedWeights.map((w) => w.bytes[mode] ?? 0)], limit),
  );
  const users = new Set(graph.sharedWeights.flatMap((weight) => weight.users));
  const isFree = (node: number): boolean => {
    const { times = [], bytes = [] } = graph.nodes[node] ?? {};
    return times.every((time) => time === 0) && (allFits || (bytes.every((b) => b === 0) && !users.has(node)));
  };
  return members.map((group) => group.every(isFree));
}

function withoutLeaves(
  members: readonly (readonly number[])[],
  order: readonly (readonly [number, number])[],
  nets: readonly Net[],
  leaves: readonly FoundLeaf[],
): Contraction {
  const gone = new Set(leaves.map((leaf) => leaf.class));
  const kept = members.map((_, c) => c).filter((c) => !gone.has(c));
  const renumbered = new Map(kept.map((c, i) => [c, i]));
  const sets = neighbourSets(members.length, order);
  const rename = (classes: Iterable<number>): number[] =>
    distinct([...classes].flatMap((c) => renumbered.get(c) ?? []));
  return {
    members: kept.map((c) => members[c] ?? []),
    preds: kept.map((c) => rename(sets.preds[c] ?? [])),
    succs: kept.map((c) => rename(sets.succs[c] ?? [])),
    nets: nets.map((net) => ({ ends: rename(net.ends), costs: net.costs })).filter((net) => net.ends.length > 1),
    leaves: leaves.map(({ members: of, anchors, joins }) => ({ members: of, anchors, joins })),
  };
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
