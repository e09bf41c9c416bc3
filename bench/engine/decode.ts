/** JPEGs into a model that does next to nothing: what counts is decoding, and what the engine adds to it. */
import { rayPlans, plainLoop } from "../support/baselines.ts";
import { pictures, tinyModel } from "../support/fixtures.ts";
import { measurePreprocessing } from "../support/measure-preprocess.ts";
import { pictureProgram } from "../support/picture-program.ts";
import { buildProgram, runProgram, steadyRate } from "../support/programs.ts";
import { availableParallelism } from "node:os";
import { atLeast } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

const ROWS = 1536;
const ROWS_PER_FILE = 64;

async function run({ long, baselines }: BenchOptions): Promise<readonly Figure[]> {
  const [input, model, cores] = [await pictures(ROWS), await tinyModel(), availableParallelism()];
  const program = buildProgram("decode", pictureProgram({ model, call: "batch: 8", rowsPerFile: ROWS_PER_FILE }));
  let [steady, alone, together, prepare, total, cpu] = [0, 0, 0, Infinity, Infinity, Infinity];
  for (let round = 0; round < (long ? 4 : 2); round++) {
    const parts = measurePreprocessing(input, 384);
    const made = await runProgram(program, ["--input", `${input}/*.parquet`]);
    steady = Math.max(steady, steadyRate(made, ROWS_PER_FILE, 2));
    alone = Math.max(alone, parts.decodeRate);
    together = Math.max(together, parts.allRate);
    prepare = Math.min(prepare, parts.allCpu);
    total = Math.min(total, made.totalMs / 1000);
    cpu = Math.min(cpu, made.cpuSeconds / ROWS);
  }
  const figures: Figure[] = [
    { what: "steady rows/s over the operators alone", value: steady / (cores / prepare), unit: "ratio", bar: atLeast(0.95), from: `${steady.toFixed(0)} of ${(cores / prepare).toFixed(0)} rows/s: ${(prepare * 1000).toFixed(2)} ms of CPU a row on ${cores} cores` },
    { what: "steady rows/s over the operators in one process", value: steady / together, unit: "ratio", from: `pictures side by side, no engine: ${together.toFixed(0)} rows/s` },
    { what: "CPU time of the operators over the run's", value: prepare / cpu, unit: "ratio", from: `${(cpu * 1000).toFixed(2)} ms of CPU a row with start, model and output; does not depend on what else runs` },
    { what: "steady rows/s over the bare decoder", value: steady / alone, unit: "ratio", from: `JPEG to 500 x 375 pixels only, all cores: ${alone.toFixed(0)} rows/s` },
  ];
  if (baselines === undefined) return figures;
  const job = { input, model, batch: 64 };
  const plain = plainLoop(baselines, job);
  const rays = rayPlans(baselines, job);
  const ray = rays.reduce((one, other) => (other.rowsPerSecond > one.rowsPerSecond ? other : one));
  return [
    ...figures,
    { what: "steady, times Ray's best plan", value: steady / ray.rowsPerSecond, unit: "ratio", bar: atLeast(1), from: `${ray.name}: ${ray.rowsPerSecond} rows/s` },
    { what: "whole job, times faster than Ray's best plan", value: Math.min(...rays.map((one) => one.totalSeconds)) / total, unit: "ratio", from: `${ROWS} rows in ${total.toFixed(1)} s` },
    { what: "whole job, times faster than the plain loop", value: plain.totalSeconds / total, unit: "ratio", from: `${plain.name}: ${plain.totalSeconds.toFixed(1)} s` },
  ];
}

export const decodeBench: EngineBench = { name: "decode", about: "1,536 JPEGs into a tiny model: the engine against the decoder", run };
