/**
 * The benchmarks of the engine as one table of ratios, each measured side by side in one run.
 *
 *   npm run bench                      all of them
 *   npm run bench -- resnet text       some
 *   npm run bench -- --long memory     as long as the figure deserves
 *   npm run bench bench/check.ts …     another benchmark, with its arguments
 *
 * PIPEC_BENCH_PYTHON names a Python with onnxruntime, pyarrow, numpy, pillow and ray; with it (and ../shared/bench, or
 * the folder that PIPEC_BENCH_BASELINES names) the plain loop and Ray Data are measured too.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { availableParallelism, loadavg } from "node:os";
import { declineTelemetry } from "../runtime/contract/decline-telemetry.ts";
import type { BenchOptions, EngineBench, Figure } from "./engine/bench.ts";
import { channelBench } from "./engine/channel.ts";
import { decodeBench } from "./engine/decode.ts";
import { memoryBench } from "./engine/memory.ts";
import { resnetBench } from "./engine/resnet.ts";
import { syntheticBench } from "./engine/synthetic.ts";
import { textBench } from "./engine/text.ts";
import { twinTowerBench } from "./engine/twin-tower.ts";
import { repository } from "./support/fixtures.ts";

const benches: readonly EngineBench[] = [channelBench, decodeBench, resnetBench, twinTowerBench, textBench, syntheticBench, memoryBench];

// Whatever runs onnxruntime here is measured alike.
declineTelemetry();
// Where this is set every process of Node's begins with reading a list of certificates: 40 ms that are no program's.
delete process.env["NODE_EXTRA_CA_CERTS"];

const args = process.argv.slice(2);
const [first] = args;
if (first?.endsWith(".ts")) {
  const file = resolve(first);
  process.argv.splice(1, 2, file);
  await import(pathToFileURL(file).href);
} else await runAll(args.filter((arg) => arg !== "--long"), args.includes("--long"));

async function runAll(names: readonly string[], long: boolean): Promise<void> {
  const unknown = names.find((name) => !benches.some((bench) => bench.name === name));
  if (unknown !== undefined) {
    console.error(`there is no benchmark ${unknown}; there are ${benches.map(({ name }) => name).join(", ")}`);
    process.exitCode = 2;
    return;
  }
  const options: BenchOptions = { long, baselines: findBaselines() };
  console.log(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)} before; node ${process.version}${options.baselines === undefined ? "; no Python for the baselines (PIPEC_BENCH_PYTHON)" : ""}`);
  for (const bench of benches) {
    if (names.length > 0 && !names.includes(bench.name)) continue;
    console.log(`\n${bench.name}: ${bench.about}`);
    for (const figure of await bench.run(options)) console.log(printFigure(figure));
  }
}

function printFigure({ what, value, unit, bar, from }: Figure): string {
  const digits = unit === "ratio" ? 3 : value < 10 ? 2 : value < 1000 ? 1 : 0;
  const shown = `${value.toFixed(digits)}${unit === "ratio" ? "" : ` ${unit}`}`;
  const isMet = bar !== undefined && (bar.kind === "atLeast" ? value >= bar.value : value <= bar.value);
  const wanted = bar === undefined ? "" : `${bar.kind === "atLeast" ? ">=" : "<="} ${bar.value} ${isMet ? "ok" : "MISSED"}`;
  return `  ${what.padEnd(44)} ${shown.padStart(12)}  ${wanted.padEnd(16)} ${from}`;
}

function findBaselines(): BenchOptions["baselines"] {
  const python = process.env["PIPEC_BENCH_PYTHON"];
  const folder = process.env["PIPEC_BENCH_BASELINES"] ?? join(repository, "..", "shared", "bench");
  return python === undefined || !existsSync(python) || !existsSync(join(folder, "ray_baseline.py")) ? undefined : { python, folder };
}
