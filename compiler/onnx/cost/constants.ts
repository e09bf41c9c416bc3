/**
 * Which values of a graph are constant: initializers, Constant nodes, and what follows from constants alone. Runtimes
 * compute the last kind once, at load; it is neither work nor activation.
 */
import type { Graph, Node } from "../model-graph.ts";
import { isConstant } from "../execution-order.ts";
import { capturesOf, subgraphsOf } from "../walk.ts";

export interface Constants {
  /** By value: the initializers (or Constant outputs) that it comes from. */
  readonly roots: ReadonlyMap<string, readonly string[]>;
  /** Nodes that only compute constants. */
  readonly folded: ReadonlySet<Node>;
}

export const noConstants: Constants = { roots: new Map(), folded: new Set() };

/** Constants of a node list in any producers-first order. `given` are initializers, `outer` the constants around. */
export function findConstants(nodes: readonly Node[], given: Iterable<string>, outer: Constants = noConstants): Constants {
  const roots = new Map(outer.roots);
  const folded = new Set<Node>();
  for (const name of given) roots.set(name, [name]);
  for (const node of nodes) {
    if (isConstant(node)) {
      folded.add(node);
      for (const output of node.outputs) roots.set(output, [output]);
    } else if (isFoldable(node) && node.inputs.every((name) => name === "" || roots.has(name))) {
      folded.add(node);
      const from = [...new Set(node.inputs.flatMap((name) => roots.get(name) ?? []))];
      for (const output of node.outputs) if (output !== "") roots.set(output, from);
    }
  }
  return { roots, folded };
}

export function initializerNames(graph: Graph): readonly string[] {
  return [...graph.initializers.map((tensor) => tensor.name), ...graph.sparseInitializers.map((sparse) => sparse.values.name)];
}

/** Dequantisation stays, so that weights stay small; random operators and bodies are not constants. */
function isFoldable(node: Node): boolean {
  if (node.inputs.every((name) => name === "")) return false;
  if (node.op === "DequantizeLinear" || node.op.startsWith("Random") || node.op === "Bernoulli" || node.op === "Multinomial") return false;
  return subgraphsOf(node).length === 0 && capturesOf(node).length === 0 && (node.domain === "" || node.domain === "com.microsoft");
}
