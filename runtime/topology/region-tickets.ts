/** How many chunks must be under way to keep every worker busy: each of the longest path has one, and one behind it. */
import type { StageNode, Topology } from "./topology.ts";

const CHUNKS_PER_WORKER = 2;

/** `replicasOf`: workers that a stage has. */
export function requiredTickets(topology: Topology, region: number, replicasOf: (stage: StageNode) => number): number {
  const longest = new Map<number, number>();
  // Stages stand in topological order.
  for (const stage of topology.stages) {
    if (stage.region !== region) continue;
    const before = stage.ins.map((edge) => longest.get(topology.edges[edge].fromStage) ?? 0);
    longest.set(stage.id, Math.max(0, ...before) + CHUNKS_PER_WORKER * replicasOf(stage));
  }
  return Math.max(1, ...longest.values());
}
