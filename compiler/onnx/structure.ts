/**
 * The block of every node of a graph: transformer layers, residual stages. From names where the exporter gives them,
 * else from repetition; "stem" before the first block, "head" after the last, "shared" for what lies between.
 */
import { findConstants, initializerNames, type Constants } from "./cost/constants.ts";
import { executionOrder, isConstant } from "./execution-order.ts";
import type { Graph, Node } from "./model-graph.ts";
import { namedBlocks } from "./named-blocks.ts";
import { repeatedBlocks } from "./repeated-blocks.ts";

export interface Structure {
  /** By node; every node of the graph has one. */
  readonly blockOf: ReadonlyMap<Node, string>;
  /** Block names in order of their first node. */
  readonly blocks: readonly string[];
}

/** Finds the blocks of a graph. */
export function findStructure(graph: Graph): Structure {
  const { nodes } = graph;
  const names = initializerNames(graph);
  const constants = findConstants([...nodes.filter(isConstant), ...executionOrder(nodes)], names);
  const active = nodes.filter((node) => !constants.folded.has(node));
  const initializers = new Set(names);
  const named = namedBlocks(active, (name) => initializers.has(name));
  const found = named ?? blocksByRepetition(active, graph, constants);
  return nameTheRest(nodes, active, found);
}

function blocksByRepetition(active: readonly Node[], graph: Graph, constants: Constants): ReadonlyMap<Node, string | null> {
  const shapes = new Map(graph.initializers.map((tensor) => [tensor.name, `${tensor.dtype}[${tensor.dims.join(",")}]`]));
  const describe = (name: string): string | undefined => {
    const roots = constants.roots.get(name);
    // Shared weights reach their users through Identity: it is their shape that tells.
    return roots && ((roots.length === 1 ? shapes.get(roots[0] ?? "") : undefined) ?? "constant");
  };
  const blocks = new Map<Node, string>();
  repeatedBlocks(active, describe).forEach(({ start, end }, number) => {
    for (const node of active.slice(start, end)) blocks.set(node, `block ${number}`);
  });
  return blocks;
}

function nameTheRest(nodes: readonly Node[], active: readonly Node[], found: ReadonlyMap<Node, string | null>): Structure {
  const placed = active.flatMap((node, i) => (found.get(node) ? [i] : []));
  const [first, last] = [placed[0] ?? active.length, placed.at(-1) ?? active.length];
  const blockOf = new Map<Node, string>();
  active.forEach((node, i) => blockOf.set(node, found.get(node) ?? (i < first ? "stem" : i > last ? "head" : "shared")));
  if (placed.length === 0) active.forEach((node) => blockOf.set(node, "all"));
  placeConstants(nodes, blockOf);
  const blocks = [...new Set(active.map((node) => blockOf.get(node) ?? "all"))];
  return { blockOf, blocks };
}

/** A constant belongs to the block of its first user. */
function placeConstants(nodes: readonly Node[], blockOf: Map<Node, string>): void {
  const firstUser = new Map<string, Node>();
  for (const node of nodes) for (const name of node.inputs) if (!firstUser.has(name)) firstUser.set(name, node);
  for (const node of [...nodes].reverse()) {
    if (blockOf.has(node)) continue;
    const user = node.outputs.map((name) => firstUser.get(name)).find((candidate) => candidate !== undefined);
    blockOf.set(node, (user && blockOf.get(user)) ?? "shared");
  }
}
