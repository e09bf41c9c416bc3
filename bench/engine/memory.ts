/** The memory of a run: its peak against the bound that the plan prints, and whether it grows while the run lasts. */
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { benchFolder, pictures, tinyModel } from "../support/fixtures.ts";
import { pictureProgram } from "../support/picture-program.ts";
import { buildProgram, runProgram } from "../support/programs.ts";
import { atMost } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

/** A folder that names the same pictures many times. */
async function manyPictures(times: number): Promise<string> {
  const own = await pictures(1536);
  const folder = join(benchFolder(), `pictures-times-${times}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (let time = 0; time < times; time++) for (const name of readdirSync(own)) linkSync(join(own, name), join(folder, `${String(time).padStart(4, "0")}-${name}`));
  return folder;
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

async function run({ long }: BenchOptions): Promise<readonly Figure[]> {
  // At some 700 rows a second: eleven minutes, or half of one.
  const input = await manyPictures(long ? 300 : 10);
  const program = buildProgram("memory", pictureProgram({ model: await tinyModel(), call: "batch: 8", rowsPerFile: 100_000 }));
  const plan = JSON.parse(readFileSync(join(program.folder, "out", "plan.json"), "utf8")) as { readonly pipelines: readonly { readonly memory: { readonly boundBytes: number } }[] };
  const bound = plan.pipelines[0]?.memory.boundBytes ?? NaN;
  const made = await runProgram(program, ["--input", `${input}/*.parquet`], true);
  rmSync(input, { recursive: true });
  const series = made.residentBytes;
  const [early, late] = [series.slice(series.length >> 2, series.length >> 1), series.slice(-(series.length >> 2))];
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [
    { what: "peak of resident memory over the plan's bound", value: made.residentBytesMax / bound, unit: "ratio", bar: atMost(1), from: `${mib(made.residentBytesMax)} of ${mib(bound)}` },
    { what: "last quarter of the run over the second", value: mean(late) / mean(early), unit: "ratio", bar: atMost(1.05), from: `${mib(mean(early))}, then ${mib(mean(late))}, in ${(made.totalMs / 1000).toFixed(0)} s` },
  ];
}

export const memoryBench: EngineBench = { name: "memory", about: "resident memory of a run over pictures (--long: ten minutes of it)", run };
