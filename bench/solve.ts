/**
 * Times of `pipec solve` on the graphs given, in one thread, and against published optima where they are known.
 *
 *   node scripts/run-ts.mjs bench/solve.ts GRAPH.json ...
 *
 * Without graphs: those of ../shared/oracles/dnn-partitioning, against the optima in its expected.json.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { readCostGraph } from "../compiler/plan/solve/read-cost-graph.ts";
import { solvePartition } from "../compiler/plan/solve/solve-partition.ts";
import { createSourceFile } from "../language/source/source-file.ts";

const oracles = join(process.cwd(), "..", "shared", "oracles", "dnn-partitioning");

function oraclePaths(): string[] {
  if (!existsSync(oracles)) return [];
  return readdirSync(oracles).filter((name) => name.includes("Graphs_")).map((name) => join(oracles, name));
}

function publishedOptima(): Readonly<Record<string, number>> {
  const path = join(oracles, "expected.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).optimum : {};
}

const published = publishedOptima();
const given = process.argv.slice(2);
console.log(["graph", "nodes", "groups", "cuts", "steps", "seconds", "period", "gap", "published"].join("\t"));
for (const path of given.length > 0 ? given : oraclePaths()) {
  const { file } = readCostGraph(createSourceFile(path, readFileSync(path, "utf8")));
  if (file === undefined) {
    console.log(`${path}\tis not a cost graph; pipec solve says why`);
    continue;
  }
  const start = performance.now();
  const result = solvePartition(file.graph);
  const seconds = ((performance.now() - start) / 1000).toFixed(3);
  const { classes, ideals, steps } = result.effort;
  const name = basename(path, ".json");
  const known = published[name];
  const found = result.status === "solved" ? [`${result.period}`, result.optimal ? "0 (proved)" : `${1 - result.lowerBound / result.period}`] : [result.reason, "-"];
  const error = known === undefined || result.status === "infeasible" ? "-" : `${known} (off by ${(result.period / known - 1).toExponential(1)})`;
  console.log([name, file.ids.length, classes, ideals, steps, seconds, ...found, error].join("\t"));
}
