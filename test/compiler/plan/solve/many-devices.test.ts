/** Graphs of thousands of nodes on hundreds of devices: solved to a gap that is asked for, in counted work. */
import { expect, test } from "vitest";
import type { CostGraph } from "../../../../compiler/plan/solve/cost-graph.ts";
import { solvePartition } from "../../../../compiler/plan/solve/solve-partition.ts";
import { createRandom } from "../../../support/random.ts";
import { addDevice } from "./change-graph.ts";

/** A chain of blocks with a branch each, on three kinds of devices with little memory. */
function blocks(count: number): CostGraph {
  const random = createRandom(count);
  const kinds = [120, 100, 80].map((devices, i) => ({ name: `kind${i}`, count: devices, memoryBytes: count * (30 + 10 * i) }));
  const modes = kinds.flatMap((_, kind) => [1, 2, 4].map((degree) => ({ name: `kind${kind}x${degree}`, kind, degree, replicasMax: 120 })));
  const order = Array.from({ length: count }, (_, i) => [[3 * i, 3 * i + 1], [3 * i, 3 * i + 2], [3 * i + 1, 3 * i + 3], [3 * i + 2, 3 * i + 3]] as const).flat();
  const nodes = Array.from({ length: 3 * count + 1 }, (_, i) => {
    const [time, bytes] = [random.integer(1000), random.integer(100)];
    const times = modes.map((mode) => (time * (1 + mode.kind) * (mode.degree > 1 ? 1.1 : 1)) / mode.degree);
    return { name: `n${i}`, times, bytes: modes.map((mode) => bytes / mode.degree), color: null };
  });
  const transfers = nodes.slice(0, -1).map((_, i) => ({ from: i, to: order.filter(([a]) => a === i).map(([, b]) => b), costs: modes.map(() => i % 97) }));
  return { kinds, modes, nodes, transfers, sharedWeights: [], order };
}

test("a graph of 1,201 nodes on 300 devices of three kinds, within 5 %", () => {
  const graph = blocks(400);
  const result = solvePartition(graph, { gapMax: 0.05 });
  if (result.status === "infeasible") throw new Error(result.reason);
  expect(result.lowerBound).toBeGreaterThanOrEqual(0.95 * result.period);
  expect(result.assignment.length).toBeGreaterThan(1);
  const more = solvePartition(addDevice(graph, 0), { gapMax: 0.05 });
  if (more.status === "infeasible") throw new Error(more.reason);
  expect(more.lowerBound).toBeLessThanOrEqual(result.period);
});
