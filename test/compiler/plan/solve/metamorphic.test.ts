/** What must hold between the solutions of two graphs that differ in a known way, on proved plans and on bounds. */
import { expect, test } from "vitest";
import type { CostGraph } from "../../../../compiler/plan/solve/cost-graph.ts";
import { solvePartition } from "../../../../compiler/plan/solve/solve-partition.ts";
import { createRandom } from "../../../support/random.ts";
import { addDevice, addMemory, permuteGraph, scaleCosts, scaleTransfers } from "./change-graph.ts";
import { randomCostGraph } from "./random-cost-graph.ts";

const count = 250;

/** Graphs of 4 to 14 nodes. */
function graphs(seed: number): CostGraph[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, i) => randomCostGraph(random, { nodes: 4 + random.integer(11), integers: i % 2 === 0 }));
}

/** The least period, Infinity when nothing fits; every search of these is exhaustive. */
function period(graph: CostGraph): number {
  const result = solvePartition(graph);
  if (result.status === "infeasible") {
    expect(result.proved).toBe(true);
    return Infinity;
  }
  expect(result.optimal).toBe(true);
  return result.period;
}

/** Rounding to 12 digits may go either way. */
function expectNoWorse(changed: number, original: number): void {
  if (original !== Infinity) expect(changed).toBeLessThanOrEqual(original * (1 + 1e-11));
}

test("one more device never worsens the period", () => {
  for (const graph of graphs(1)) for (const kind of graph.kinds.keys()) expectNoWorse(period(addDevice(graph, kind)), period(graph));
});

test("more memory never worsens the period", () => {
  for (const graph of graphs(2)) expectNoWorse(period(addMemory(graph, 3)), period(graph));
});

test("faster links never worsen the period", () => {
  for (const graph of graphs(3)) expectNoWorse(period(scaleTransfers(graph, 0.5)), period(graph));
});

test("scaling all costs scales the period", () => {
  for (const graph of graphs(4)) {
    const original = period(graph);
    for (const factor of [2 ** -40, 3, 1e9]) {
      const scaled = period(scaleCosts(graph, factor));
      if (original === Infinity) expect(scaled).toBe(Infinity);
      else expect(Math.abs(scaled - original * factor)).toBeLessThanOrEqual(1e-11 * original * factor);
    }
  }
});

test("renaming and reordering the nodes leaves period and devices unchanged, to the last digit", () => {
  const random = createRandom(5);
  for (const graph of graphs(5)) {
    const [original, permuted] = [solvePartition(graph), solvePartition(permuteGraph(graph, random))];
    if (original.status === "infeasible" || permuted.status === "infeasible") expect(permuted.status).toBe(original.status);
    else expect([permuted.period, permuted.lowerBound, permuted.devices]).toEqual([original.period, original.lowerBound, original.devices]);
  }
});

test("bounds without a full search lie below the optimum, and more devices or faster links do not raise them", () => {
  const quick = { idealsMax: 2, workMax: 10_000 };
  const bound = (graph: CostGraph): number => {
    const result = solvePartition(graph, quick);
    return result.status === "solved" && !result.optimal ? result.lowerBound : Infinity;
  };
  let unproved = 0;
  for (const graph of graphs(6)) {
    const lower = bound(graph);
    if (lower === Infinity) continue;
    unproved += 1;
    expectNoWorse(lower, period(graph));
    const result = solvePartition(graph, quick);
    if (result.status === "solved") expectNoWorse(period(graph), result.period);
    for (const changed of [addDevice(graph, 0), scaleTransfers(graph, 0.5)]) {
      const after = bound(changed);
      if (after !== Infinity) expectNoWorse(after, lower);
    }
  }
  expect(unproved).toBeGreaterThan(count / 10);
});
