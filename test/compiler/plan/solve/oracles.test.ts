/** The published optima of dnn-partitioning, and what must hold when one of its graphs is changed. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CostGraph } from "../../../../compiler/plan/solve/cost-graph.ts";
import { readCostGraph } from "../../../../compiler/plan/solve/read-cost-graph.ts";
import { solvePartition } from "../../../../compiler/plan/solve/solve-partition.ts";
import { createSourceFile } from "../../../../language/source/source-file.ts";
import { describeWithShared, sharedPath } from "../../../support/shared.ts";
import { permuteGraph } from "./change-graph.ts";
import { createRandom } from "../../../support/random.ts";

const folder = "oracles/dnn-partitioning";
const names = [
  "LayerGraphs_bert24_inference", "LayerGraphs_bert24_training", "LayerGraphs_resnet50_inference",
  "OperatorGraphs_bert_l-3_inference", "OperatorGraphs_bert_l-6_inference", "OperatorGraphs_resnet50_inference",
];

function readOracle(name: string): CostGraph {
  const path = sharedPath(folder, `${name}.json`);
  const { file, diagnostics } = readCostGraph(createSourceFile(path, readFileSync(path, "utf8")));
  expect(diagnostics).toEqual([]);
  if (file === undefined) throw new Error(`${name} has no graph`);
  return file.graph;
}

describeWithShared("dnn-partitioning", folder, () => {
  test.each(names)("%s: the published optimum, proved", (name) => {
    const { optimum } = JSON.parse(readFileSync(sharedPath(folder, "expected.json"), "utf8"));
    const result = solvePartition(readOracle(name));
    if (result.status === "infeasible") throw new Error(result.reason);
    expect(Math.abs(result.period / optimum[name] - 1)).toBeLessThan(1e-9);
    expect(result.optimal).toBe(true);
    expect(result.lowerBound).toBe(result.period);
  });

  test.each(names)("%s: the same objective with the nodes in another order and with other names", (name) => {
    const graph = readOracle(name);
    const result = solvePartition(graph);
    const permuted = solvePartition(permuteGraph(graph, createRandom(7)));
    expect(objective(permuted)).toEqual(objective(result));
  });

  test.each(names)("%s: every solution along a few orders lies between its bound and nothing better than the optimum", (name) => {
    const graph = readOracle(name);
    const best = solvePartition(graph);
    const quick = solvePartition(graph, { idealsMax: 10, workMax: 1_000_000 });
    if (best.status === "infeasible" || quick.status === "infeasible") throw new Error("infeasible");
    expect(quick.effort.complete).toBe(false);
    expect(quick.lowerBound).toBeLessThanOrEqual(best.period);
    expect(quick.period).toBeGreaterThanOrEqual(best.period);
    expect(quick.period).toBeLessThan(best.period * 1.1);
  });
});

function objective(result: ReturnType<typeof solvePartition>): unknown {
  return result.status === "solved" ? [result.period, result.lowerBound, result.optimal, result.devices] : result.status;
}
