/** Small walks over a read model that several passes share. */
import type { Attribute, Graph, Node, TensorRef } from "./model-graph.ts";

/** The graphs directly held by a node: branches of If, bodies of Loop and Scan. */
export function subgraphsOf(node: Node): readonly { readonly attribute: string; readonly graph: Graph }[] {
  if (!hasSubgraph(node)) return noSubgraphs;
  const found: { attribute: string; graph: Graph }[] = [];
  for (const [attribute, value] of node.attributes) {
    if (value.kind === "graph") found.push({ attribute, graph: value.value });
    else if (value.kind === "graphs") found.push(...value.value.map((graph) => ({ attribute, graph })));
  }
  return found;
}

const noSubgraphs: readonly { readonly attribute: string; readonly graph: Graph }[] = [];

function hasSubgraph(node: Node): boolean {
  for (const attribute of node.attributes.values()) if (attribute.kind === "graph" || attribute.kind === "graphs") return true;
  return false;
}

/** The tensors directly held by an attribute. */
export function tensorsOf(attribute: Attribute): readonly TensorRef[] {
  switch (attribute.kind) {
    case "tensor":
      return [attribute.value];
    case "tensors":
      return attribute.value;
    case "sparseTensor":
      return [attribute.value.values, attribute.value.indices];
    case "sparseTensors":
      return attribute.value.flatMap((sparse) => [sparse.values, sparse.indices]);
    default:
      return [];
  }
}

/** Names a graph defines before its nodes run: inputs and initializers. */
export function givenNames(graph: Graph): ReadonlySet<string> {
  const names = new Set(graph.inputs.map((input) => input.name));
  for (const tensor of graph.initializers) names.add(tensor.name);
  for (const sparse of graph.sparseInitializers) names.add(sparse.values.name);
  return names;
}

/** Outer names that the subgraphs of a node use, in order of first use. A cache makes nested use linear. */
export function capturesOf(node: Node): readonly string[] {
  if (!hasSubgraph(node)) return noCaptures;
  const cached = captures.get(node);
  if (cached) return cached;
  const found = new Set<string>();
  for (const { graph } of subgraphsOf(node)) {
    const own = new Set(givenNames(graph));
    for (const inner of graph.nodes) for (const output of inner.outputs) own.add(output);
    const note = (name: string): void => {
      if (name !== "" && !own.has(name)) found.add(name);
    };
    for (const inner of graph.nodes) {
      inner.inputs.forEach(note);
      capturesOf(inner).forEach(note);
    }
    for (const output of graph.outputs) note(output.name);
  }
  const list = [...found];
  captures.set(node, list);
  return list;
}

const noCaptures: readonly string[] = [];
const captures = new WeakMap<Node, readonly string[]>();

/** The key under which a node finds the local function it calls. */
export function functionKey(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}
