/**
 * Blocks as the exporter names them. PyTorch writes module paths into node names ("/encoder/layer.3/attention/MatMul"),
 * into node metadata, or leaves them in the weights' names ("encoder.layer.3.attention.key.bias"); the numbered part of
 * a path says which repetition a node belongs to.
 */
import { producersOf } from "./execution-order.ts";
import type { Node } from "./model-graph.ts";

/** The block of a node where names tell; null: it is known to lie outside all blocks. */
export type BlockOf = ReadonlyMap<Node, string | null>;

/**
 * Blocks from names: undefined if they tell of fewer than two.
 * `isWeight` says which values are initializers.
 */
export function namedBlocks(nodes: readonly Node[], isWeight: (name: string) => boolean): BlockOf | undefined {
  const paths = new Map(nodes.flatMap((node) => {
    const path = pathOf(node, isWeight);
    return path ? [[node, path] as const] : [];
  }));
  for (let depth = 1; depth <= numberedDepthMax; depth++) {
    const found = new Map([...paths].map(([node, path]) => [node, numberedPrefix(path, depth)] as const));
    const names = new Set([...found.values()].filter((name) => name !== null));
    if (names.size >= 2) {
      const blocks = spreadToNameless(nodes, withoutCommonHead(found), isWeight);
      const inBlocks = [...blocks.values()].filter((name) => name !== null).length;
      return inBlocks < names.size * blockNodesMin ? spreadToNameless(nodes, parentsOf(found), isWeight) : blocks;
    }
    if (names.size === 0) return undefined;
  }
  return undefined;
}

const numberedDepthMax = 3;
/** Numbers of fewer nodes than this on average count the steps of a small module: the module is the block. */
const blockNodesMin = 3;

function parentsOf(found: ReadonlyMap<Node, string | null>): BlockOf {
  return new Map([...found].map(([node, name]) => [node, name && name.replace(/(\.\d+)+$/, "")]));
}

/** The module path of a node as tokens: ["encoder", "layer", "3", "attention"]. */
function pathOf(node: Node, isWeight: (name: string) => boolean): readonly string[] | undefined {
  if (node.name.includes("/")) return joinSteps(node.name.split("/").slice(0, -1)).split(".");
  const scopes = node.metadata.get("pkg.torch.onnx.name_scopes");
  const innermost = scopes && [...scopes.matchAll(/'([^']*)'/g)].map((match) => match[1] ?? "").filter((scope) => scope.includes(".")).at(-2);
  if (innermost) return innermost.split(".");
  const weight = node.inputs.find((name) => isWeight(name) && /^[A-Za-z_][\w]*(\.\w+)+$/.test(name));
  return weight?.split(".").slice(0, -1);
}

/** Steps repeat what leads to them ("/layer3/layer3.0/conv1"): a step that continues the one before replaces it. */
function joinSteps(steps: readonly string[]): string {
  const kept: string[] = [];
  for (const step of steps) {
    if (step === "") continue;
    const before = kept.at(-1);
    if (before !== undefined && step.startsWith(`${before}.`)) kept.pop();
    kept.push(step);
  }
  return kept.join(".");
}

/** The path up to its `depth`-th run of numbers ("blocks.1.0"), or null if it has fewer. */
function numberedPrefix(path: readonly string[], depth: number): string | null {
  let runs = 0;
  for (const [i, token] of path.entries()) {
    if (!/^\d+$/.test(token) || i === 0) continue;
    const endsRun = !/^\d+$/.test(path[i + 1] ?? "");
    if (endsRun) runs++;
    if (runs === depth) return path.slice(0, i + 1).join(".");
  }
  return null;
}

/** A wrapper module that is at the head of every name says nothing. */
function withoutCommonHead(found: ReadonlyMap<Node, string | null>): BlockOf {
  const names = [...found.values()].filter((name) => name !== null);
  const head = names[0]?.split(".")[0] ?? "";
  const common = head !== "" && names.every((name) => name.startsWith(`${head}.`) && !/^\d+(\.|$)/.test(name.slice(head.length + 1)) && name.split(".").length > 3);
  if (!common) return found;
  return new Map([...found].map(([node, name]) => [node, name && name.slice(head.length + 1)]));
}

/**
 * Gives nameless nodes a block. The product of a linear layer goes with the bias that follows it (which has the name);
 * everything else stays with what it continues.
 */
function spreadToNameless(nodes: readonly Node[], named: BlockOf, isWeight: (name: string) => boolean): BlockOf {
  const blocks = new Map(named);
  const rank = new Map([...new Set(named.values())].filter((name) => name !== null).map((name, i) => [name, i]));
  const producers = producersOf(nodes);
  const users = nodes.map((): Node[] => []);
  producers.forEach((from, index) => from.forEach((node) => nodes[index] && users[node.index]?.push(nodes[index])));
  for (const node of [...nodes].reverse()) {
    const [user, another] = users[node.index] ?? [];
    if (!blocks.has(node) && user && !another && node.inputs.some(isWeight) && blocks.has(user)) blocks.set(node, blocks.get(user) ?? null);
  }
  for (const node of nodes) {
    if (blocks.has(node)) continue;
    const from = (producers[node.index] ?? []).flatMap((producer) => blocks.get(producer) ?? []);
    const latest = from.reduce<string | null>((a, b) => (a === null || (rank.get(b) ?? 0) > (rank.get(a) ?? 0) ? b : a), null);
    if (latest !== null) blocks.set(node, latest);
  }
  return blocks;
}
