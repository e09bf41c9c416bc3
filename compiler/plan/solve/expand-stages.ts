/** From stages of classes to stages of nodes, with the free leaves put back where they cost nothing. */
import type { Contraction } from "./contract-graph.ts";
import type { SolvedStage } from "./cost-graph.ts";

/** Stages in order, each with its mode, its replicas and its classes; every class in exactly one. */
export function expandStages(
  contraction: Contraction,
  stages: readonly { readonly mode: number; readonly replicas: number; readonly classes: readonly number[] }[],
): SolvedStage[] {
  const stageOf = new Map<number, number>();
  for (const [stage, { classes }] of stages.entries()) {
    for (const c of classes) for (const node of contraction.members[c] ?? []) stageOf.set(node, stage);
  }
  // A leaf's anchors were all there when it was taken out, so they are back before it.
  for (const leaf of contraction.leaves.toReversed()) {
    const places = leaf.anchors.map((node) => stageOf.get(node) ?? 0);
    const place = places.length === 0 ? 0 : leaf.joins === "earliest" ? Math.min(...places) : Math.max(...places);
    for (const node of leaf.members) stageOf.set(node, place);
  }
  const nodes: number[][] = stages.map(() => []);
  for (const [node, stage] of [...stageOf].sort(([a], [b]) => a - b)) nodes[stage]?.push(node);
  return stages.map(({ mode, replicas }, stage) => ({ mode, replicas, nodes: nodes[stage] ?? [] }));
}
