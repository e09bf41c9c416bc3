/**
 * Random graphs and random programs to their ends in fake time, as many as wanted, from a seed on: with one ticket and
 * with those of the plan.
 *
 *     node scripts/run-ts.mjs bench/deadlock.ts [5000] [first seed]
 */
import { runDrawnGraph, runPlannedGraph } from "../test/sim/run-graph.ts";

const [count = "5000", first = "0"] = process.argv.slice(2);

function runAll(what: string, run: (seed: number) => string | undefined): void {
  const started = performance.now();
  let wrong = 0;
  for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
    const complaint = run(seed);
    if (complaint === undefined) continue;
    wrong++;
    console.error(`seed ${seed}: ${complaint}`);
    process.exitCode = 1;
  }
  console.log(`${count} ${what} in ${((performance.now() - started) / 1000).toFixed(1)} s: ${wrong === 0 ? "all came to their end" : `${wrong} did not`}`);
}

runAll("graphs with one ticket", (seed) => runDrawnGraph(seed, "one"));
runAll("graphs with the planned tickets", (seed) => runDrawnGraph(seed, "planned"));
runAll("programs, planned, with one ticket and with the plan's", runPlannedGraph);
