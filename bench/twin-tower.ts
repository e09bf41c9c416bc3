/**
 * The twin tower at full size (ViT-B/16 and ALBERT-base), uncut and with each of its plans, on this machine's processor:
 *
 *   node scripts/run-ts.mjs bench/twin-tower.ts [--small] [COPIES]
 *
 * Prints seconds to build (shards included), rows a second beyond the first 48 rows
 * (COPIES times 48 are run), the most resident memory, and how far the embeddings are from the uncut program's. Then two
 * workers a stage, with weights of their own and with shared ones, as the plan chooses by the memory that is allowed:
 * pages that processes share are counted for each. Plans for GPUs are run with `--device cpu`: that tries their cuts,
 * ranks and batches, not their speed. Towers are kept in `.cache/bench`.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { compileFile } from "../compiler/cli/compile-file.ts";
import { makeTowers } from "../samples/twin-tower/make-models.ts";
import { benchFolder, repository } from "./support/fixtures.ts";
import { buildProgram, runProgram } from "./support/programs.ts";
import type { BuiltProgram } from "./support/programs.ts";

interface Way {
  readonly name: string;
  /** Instead of the sample's `shard`. */
  readonly step: string;
  /** Settings of the pipeline. */
  readonly settings?: string;
}

const gpus = "hardware: aws.g5_48xlarge,";
const ways: readonly Way[] = [
  { name: "uncut", step: "replicas: 1, threads: 2," },
  { name: "pipeline 3", step: "shard: { pipeline: 3 }," },
  { name: "tensor 2", step: "shard: { tensor: 2 }," },
  { name: "pipeline 3, tensor 2", step: "shard: { pipeline: 3, tensor: 2 }," },
  { name: "auto, for 8 GPUs", step: 'shard: "auto",', settings: gpus },
  { name: "pipeline 3, for 8 GPUs", step: "shard: { pipeline: 3 },", settings: gpus },
];

const scale = process.argv.includes("--small") ? "small" : "full";
const copies = Number(process.argv.slice(2).find((arg) => /^\d+$/.test(arg)) ?? 4);
const rowsOfCopy = 48;
const sample = join(repository, "samples", "twin-tower");
const models = join(benchFolder(), `twin-towers-${scale}`);

type Vectors = ReadonlyMap<string, readonly number[]>;

function textOf({ step, settings = "" }: Way): string {
  return readFileSync(join(sample, "twin-tower.pipe"), "utf8")
    .replace("shard: { pipeline: 3 },", step)
    .replace("with { errors", `with { ${settings} errors`)
    .replaceAll("models/", `${models}/`)
    .replace('"out/vectors"', '"out/rows"')
    .replace("edition 1\n", settings.includes("aws.") ? 'edition 1\nimport { aws } from "std/hw"\n' : "edition 1\n")
    .replace('"data/tokenizer.json"', JSON.stringify(join(sample, "data", "tokenizer.json")));
}

/** A folder with so many copies of the sample's data. */
function dataOf(program: BuiltProgram, count: number): string {
  const folder = join(program.folder, `data-${count}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (let copy = 0; copy < count; copy++) symlinkSync(join(sample, "data", "pairs.parquet"), join(folder, `pairs-${copy}.parquet`));
  return join(folder, "*.parquet");
}

async function vectorsOf(program: BuiltProgram): Promise<Vectors> {
  const rows = join(program.folder, "out", "rows");
  const vectors = new Map<string, readonly number[]>();
  for (const path of readdirSync(rows, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".parquet"))) {
    const bytes = readFileSync(join(rows, path));
    for (const row of await parquetReadObjects({ file: Uint8Array.from(bytes).buffer, compressors })) vectors.set(String(row["id"]), [...numbers(row["image"]), ...numbers(row["text"])]);
  }
  return vectors;
}

function numbers(value: unknown): readonly number[] {
  if (!Array.isArray(value) && !(value instanceof Float32Array)) throw new Error("no vector");
  return Array.from(value, Number);
}

function largestDifference(a: Vectors, b: Vectors): number {
  return Math.max(...[...a].flatMap(([id, values]) => values.map((value, at) => Math.abs(value - (b.get(id)?.[at] ?? Infinity)))));
}

interface Measured {
  readonly buildS: number;
  readonly rowsPerS: number;
  readonly residentBytes: number;
  readonly vectors: Vectors;
}

async function measure(way: Way): Promise<Measured> {
  const started = performance.now();
  const program = buildProgram(`twin-tower-${way.name.replaceAll(/[^a-z0-9]+/g, "-")}`, textOf(way));
  const buildS = (performance.now() - started) / 1000;
  const timed = async (count: number) => runProgram(program, ["--quiet", "--device", "cpu", "--overwrite", "--input", dataOf(program, count)], true);
  const once = await timed(1);
  const vectors = await vectorsOf(program);
  const more = await timed(copies);
  const rowsPerS = ((copies - 1) * rowsOfCopy * 1000) / (more.totalMs - once.totalMs);
  return { buildS, rowsPerS, residentBytes: more.residentBytesMax, vectors };
}

function print(name: string, { buildS, rowsPerS, residentBytes, vectors }: Measured, reference: Vectors): void {
  const difference = largestDifference(reference, vectors);
  const apart = difference === 0 ? "equal bit for bit" : `apart by at most ${difference.toPrecision(2)}`;
  console.log(`  ${name.padEnd(40)} build ${buildS.toFixed(1).padStart(5)} s  ${rowsPerS.toFixed(1).padStart(6)} rows/s  ${(residentBytes / 2 ** 20).toFixed(0).padStart(6)} MiB  ${apart}`);
}

/** The least memory that the program can do with, rounded up to what may be written. */
function leastMemory(step: string): string {
  const folder = join(benchFolder(), "programs", "twin-tower-least");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "main.pipe"), textOf({ name: "least", step, settings: "memory: 1 MiB," }));
  const compiled = compileFile(folder, { file: "main.pipe", params: [] }, "plan");
  const bytes = compiled.ok ? compiled.compilation.plan?.pipelines[0]?.memory.boundBytes : undefined;
  if (bytes === undefined) throw new Error("the program has no plan");
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

if (!existsSync(join(models, "albert.onnx"))) makeTowers(models, scale);
const uncut = await measure(ways[0] ?? { name: "uncut", step: "" });
console.log(`twin tower, ${scale} size, ${copies * rowsOfCopy} rows:`);
print("uncut", uncut, uncut.vectors);
for (const way of ways.slice(1)) print(way.name, await measure(way), uncut.vectors);
const two = "shard: { pipeline: 3 }, replicas: 2,";
for (const [what, settings] of [["own weights", ""], ["shared weights", `memory: ${leastMemory(two)},`]] as const) {
  const name = `pipeline 3, two workers, ${what}`;
  print(name, await measure({ name, step: two, settings }), uncut.vectors);
}
