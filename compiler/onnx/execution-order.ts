/**
 * The order in which onnxruntime's sequential executor runs the nodes of a graph. It is not file order: memory peaks
 * and time lines follow it.
 *
 * onnxruntime walks backwards, depth first, from the nodes whose outputs no other node uses: of several it takes the
 * one that comes last in the file first, of a node's producers likewise, and a node runs once all its producers have.
 * Constants are not nodes there; what optimisation changes in the graph is not considered.
 */
import type { Node } from "./model-graph.ts";
import { capturesOf } from "./walk.ts";

/** The nodes but for constants, in the order onnxruntime runs them. The nodes must be free of cycles. */
export function executionOrder(nodes: readonly Node[]): readonly Node[] {
  const producers = producersOf(nodes);
  const used = new Set(producers.flat());
  const leaves = nodes.filter((node) => !isConstant(node) && !used.has(node));
  const order: Node[] = [];
  const visited = new Set<Node>();
  const stack = leaves.map((node) => ({ node, leave: false }));
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    if (entry.leave) {
      order.push(entry.node);
      continue;
    }
    if (visited.has(entry.node)) continue;
    visited.add(entry.node);
    stack.push({ node: entry.node, leave: true });
    for (const from of producers[entry.node.index] ?? []) {
      if (!visited.has(from)) stack.push({ node: from, leave: false });
    }
  }
  return order;
}

/** By node index: the nodes whose outputs it (or a subgraph of it) uses, in file order. */
export function producersOf(nodes: readonly Node[]): readonly (readonly Node[])[] {
  const producer = new Map<string, Node>();
  for (const node of nodes) {
    if (!isConstant(node)) for (const output of node.outputs) if (output !== "") producer.set(output, node);
  }
  return nodes.map((node) => {
    const from = new Set([...node.inputs, ...capturesOf(node)].flatMap((name) => producer.get(name) ?? []));
    return [...from].sort((a, b) => a.index - b.index);
  });
}

/** Whether a node merely holds a value: it costs nothing at run time. */
export function isConstant(node: Node): boolean {
  return node.op === "Constant" && node.domain === "";
}
