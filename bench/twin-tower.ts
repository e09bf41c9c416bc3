/**
 * The twin tower at full size (ViT-B/16 and ALBERT-base), uncut and with each of its plans, on this machine's processor:
 *
 *   node scripts/run-ts.mjs bench/twin-tower.ts [--small] [COPIES] [WAY …]
 *
 * WAY: some of the ways below, by their names ("tensor 2"); else all. COPIES times 48 rows are run with each. Prints
 * seconds to build (shards included), steady rows a second and their ratio to the uncut program's, the most resident
 * memory, and how far the embeddings are from the uncut program's. The last two ways run two workers a stage, with weights
 * of their own and with shared ones, as the plan chooses by the memory that is allowed: pages that processes share are
 * counted for each. Plans for GPUs are run with `--device cpu`: that tries their cuts, ranks and batches, not their speed.
 * Towers are kept in `.cache/bench`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { compileFile } from "../compiler/cli/compile-file.ts";
import { benchFolder } from "./support/fixtures.ts";
import { buildProgram, runProgram, steadyRate } from "./support/programs.ts";
import { copiesOfRows, largestDifference, readVectors, ROWS_OF_COPY, towerProgram, towers } from "./support/twin-tower.ts";

interface Way {
  readonly name: string;
  /** Instead of the sample's `shard`. */
  readonly step: string;
  /** Settings of the pipeline. */
  readonly settings: () => string;
}

const none = (): string => "";
const gpus = (): string => "hardware: aws.g5_48xlarge,";
const uncut: Way = { name: "uncut", step: "batch: 4, replicas: 1, threads: 2,", settings: none };
const two = "batch: 4, shard: { pipeline: 3 }, replicas: 2,";
const ways: readonly Way[] = [
  { name: "pipeline 3", step: "batch: 4, shard: { pipeline: 3 },", settings: none },
  { name: "tensor 2", step: "batch: 4, shard: { tensor: 2 },", settings: none },
  { name: "pipeline 3, tensor 2", step: "batch: 4, shard: { pipeline: 3, tensor: 2 },", settings: none },
  { name: "auto, for 8 GPUs", step: 'batch: 4, shard: "auto",', settings: gpus },
  { name: "pipeline 3, for 8 GPUs", step: "batch: 4, shard: { pipeline: 3 },", settings: gpus },
  { name: "pipeline 3, two workers, own weights", step: two, settings: none },
  { name: "pipeline 3, two workers, shared weights", step: two, settings: () => `memory: ${leastMemory(two)},` },
];

const args = process.argv.slice(2);
const scale = args.includes("--small") ? "small" : "full";
const copies = Math.max(3, Number(args.find((arg) => /^\d+$/.test(arg)) ?? 3));
const named = args.filter((arg) => arg !== "--small" && !/^\d+$/.test(arg));
const models = towers(scale);

interface Measured {
  readonly buildS: number;
  readonly rate: number;
  readonly residentBytes: number;
  readonly vectors: ReturnType<typeof readVectors>;
}

async function measure({ name, step, settings }: Way): Promise<Measured> {
  const started = performance.now();
  const program = buildProgram(`twin-tower-${name.replaceAll(/[^a-z0-9]+/g, "-")}`, towerProgram({ models, step, settings: settings() }));
  const buildS = (performance.now() - started) / 1000;
  const run = await runProgram(program, ["--quiet", "--device", "cpu", "--input", copiesOfRows(program, copies)], true);
  return { buildS, rate: steadyRate(run, ROWS_OF_COPY, 0), residentBytes: run.residentBytesMax, vectors: readVectors(program) };
}

function print(name: string, { buildS, rate, residentBytes, vectors }: Measured, reference: Measured): void {
  const difference = largestDifference(reference.vectors, vectors);
  const apart = difference === 0 ? "equal bit for bit" : `apart by at most ${difference.toPrecision(2)}`;
  const ratio = (rate / reference.rate).toFixed(3);
  console.log(`  ${name.padEnd(40)} build ${buildS.toFixed(1).padStart(5)} s  ${rate.toFixed(2).padStart(7)} rows/s  ${ratio} of uncut  ${(residentBytes / 2 ** 20).toFixed(0).padStart(6)} MiB  ${apart}`);
}

/** The least memory that the program can do with, rounded up to what may be written. */
function leastMemory(step: string): string {
  const folder = join(benchFolder(), "programs", "twin-tower-least");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "main.pipe"), towerProgram({ models, step, settings: "memory: 1 MiB," }));
  const compiled = compileFile(folder, { file: "main.pipe", params: [] }, "plan");
  const bytes = compiled.ok ? compiled.compilation.plan?.pipelines[0]?.memory.boundBytes : undefined;
  if (bytes === undefined) throw new Error("the program has no plan");
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

const unknown = named.find((name) => !ways.some((way) => way.name === name));
if (unknown !== undefined) throw new Error(`there is no way ${unknown}; there are ${ways.map(({ name }) => name).join("; ")}`);
const chosen = named.length === 0 ? ways : ways.filter(({ name }) => named.includes(name));
console.log(`twin tower, ${scale} size, ${copies * ROWS_OF_COPY} rows:`);
const reference = await measure(uncut);
print(uncut.name, reference, reference);
for (const way of chosen) print(way.name, await measure(way), reference);
