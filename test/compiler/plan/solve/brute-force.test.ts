/** The solver against brute force on thousands of seeded random graphs: replicas, degrees, two kinds, memory, colours. */
import { describe, expect, test } from "vitest";
import { solvePartition } from "../../../../compiler/plan/solve/solve-partition.ts";
import { createRandom } from "../../../support/random.ts";
import { bruteForce } from "./brute-force.ts";
import { randomCostGraph } from "./random-cost-graph.ts";

/** Graphs by number of nodes; partitions grow from 1 to 21,147, so the large ones are fewer. */
const runs = [[1, 100], [2, 300], [3, 600], [4, 900], [5, 900], [6, 600], [7, 250], [8, 80], [9, 40]] as const;

describe.each(runs)("%i nodes", (nodes, count) => {
  test(`${count} graphs with integer costs: same period, same devices`, () => {
    const random = createRandom(1000 + nodes);
    const seen = { solved: 0, infeasible: 0 };
    for (let i = 0; i < count; i++) {
      const graph = randomCostGraph(random, { nodes, integers: true });
      const expected = bruteForce(graph);
      // Every other graph by the search for many devices, which these few would not need.
      const found = solvePartition(graph, i % 2 === 0 ? {} : { usagesMax: 0 });
      const shown = found.status === "solved" ? { period: found.period, devices: found.devices, optimal: found.optimal } : found.proved;
      expect(shown, JSON.stringify(graph)).toEqual(expected === undefined ? true : { period: Number(expected.period.toPrecision(12)), devices: expected.devices, optimal: true });
      seen[found.status] += 1;
    }
    expect(seen.solved).toBeGreaterThan(count / 3);
    expect(seen.infeasible).toBeGreaterThan(0);
  });

  test(`${count} graphs with any costs: same period`, () => {
    const random = createRandom(2000 + nodes);
    for (let i = 0; i < count; i++) {
      const graph = randomCostGraph(random, { nodes, integers: false });
      const expected = bruteForce(graph);
      const found = solvePartition(graph, i % 2 === 0 ? {} : { usagesMax: 0 });
      if (expected === undefined || found.status === "infeasible") {
        expect(found.status === "infeasible" && found.proved, JSON.stringify(graph)).toBe(expected === undefined);
      } else {
        expect(found.optimal).toBe(true);
        expect(Math.abs(found.period - expected.period), JSON.stringify(graph)).toBeLessThanOrEqual(1e-11 * expected.period);
      }
    }
  });
});
