/**
 * From cuts to the stage of every node, or to what is wrong with the cuts. Cuts may leave light nodes out: those are made
 * wherever they are wanted.
 */
import { shardCodes } from "../../language/diagnostics/codes/shard.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { describeNode, quoteName, reportInModel } from "../onnx/model-diagnostics.ts";
import type { Node } from "../onnx/model-graph.ts";
import type { GraphIndex } from "./graph-index.ts";
import type { Cuts } from "./shard-set.ts";

export interface Stages {
  readonly count: number;
  /** Of every needed node that is no constant; of one that is not fixed, the first stage that can compute it. */
  readonly stageOf: ReadonlyMap<Node, number>;
  /** Nodes that run in their own stage only: the pinned ones, and all nodes of stages that have no pinned one. */
  readonly fixed: ReadonlySet<Node>;
}

const diagnosticsMax = 20;

/** Assigns stages; the diagnostics are errors, and there is no result with any. */
export function assignStages(index: GraphIndex, cuts: Cuts): { readonly stages: Stages } | { readonly diagnostics: readonly Diagnostic[] } {
  const count = cuts.length + 1;
  const nodes = index.order.filter((node) => index.kindOf.get(node) !== "constant");
  const stageOf = new Map(nodes.map((node) => [node, firstHolding(cuts, node)]));
  for (const node of [...nodes].reverse()) {
    const stage = stageOf.get(node) ?? 0;
    for (const { node: from } of index.producersOf(node)) {
      if (index.kindOf.get(from) === "light" && (stageOf.get(from) ?? 0) > stage) stageOf.set(from, stage);
    }
  }
  const diagnostics = [...checkClosed(index, nodes, stageOf), ...checkFilled(nodes, stageOf, count)].slice(0, diagnosticsMax);
  if (diagnostics.length > 0) return { diagnostics };
  const isPinned = (node: Node): boolean => index.kindOf.get(node) === "pinned";
  const withPinned = new Set(nodes.filter(isPinned).map((node) => stageOf.get(node)));
  const fixed = new Set(nodes.filter((node) => isPinned(node) || !withPinned.has(stageOf.get(node))));
  for (const node of nodes) {
    if (!fixed.has(node)) stageOf.set(node, Math.max(0, ...index.producersOf(node).map(({ node: from }) => stageOf.get(from) ?? 0)));
  }
  return { stages: { count, stageOf, fixed } };
}

function firstHolding(cuts: Cuts, node: Node): number {
  const found = cuts.findIndex((cut) => cut.has(node));
  return found < 0 ? cuts.length : found;
}

function checkClosed(index: GraphIndex, nodes: readonly Node[], stageOf: ReadonlyMap<Node, number>): readonly Diagnostic[] {
  return nodes.flatMap((node) => {
    const stage = stageOf.get(node) ?? 0;
    return index.producersOf(node).flatMap(({ value, node: from }) => {
      const made = stageOf.get(from) ?? 0;
      return made > stage ? [reportInModel(shardCodes.cutNotClosed, { node: describeNode(node), stage: stage + 1, value: quoteName(value), from: made + 1 })] : [];
    });
  });
}

function checkFilled(nodes: readonly Node[], stageOf: ReadonlyMap<Node, number>, count: number): readonly Diagnostic[] {
  const filled = new Set(nodes.map((node) => stageOf.get(node)));
  return Array.from({ length: count }, (_, stage) => stage).flatMap((stage) => (filled.has(stage) ? [] : [reportInModel(shardCodes.stageEmpty, { stage: stage + 1 })]));
}
