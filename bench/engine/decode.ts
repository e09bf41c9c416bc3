/** JPEGs into a model that does next to nothing: what counts is decoding, and what the engine adds to it. */
import { rayPlans, plainLoop } from "../support/baselines.ts";
import { pictures, repeatedPictures, tinyModel } from "../support/fixtures.ts";
import { measurePreprocessing } from "../support/measure-preprocess.ts";
import { operatorsRate } from "../support/operators-rate.ts";
import { pictureProgram } from "../support/picture-program.ts";
import { buildProgram, runProgram, steadyRate } from "../support/programs.ts";
import { availableParallelism } from "node:os";
import { atLeast } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

const ROWS = 1536;
/** For the steady rate: until everything is compiled and all buffers go round, some seconds pass. */
const TIMES = 4;
const ROWS_PER_FILE = 64;
const FILES_LEFT_OUT = 12;

async function run({ long, baselines }: BenchOptions): Promise<readonly Figure[]> {
  const [input, often, model, cores] = [await pictures(ROWS), await repeatedPictures(ROWS, TIMES), await tinyModel(), availableParallelism()];
  const program = buildProgram("decode", pictureProgram({ model, call: "batch: 8", rowsPerFile: ROWS_PER_FILE }));
  let [steady, alone, together, apart, prepare, total, cpu] = [0, 0, 0, 0, Infinity, Infinity, Infinity];
  for (let round = 0; round < (long ? 4 : 2); round++) {
    const parts = measurePreprocessing(input, 384);
    apart = Math.max(apart, await operatorsRate(input, 768));
    const made = await runProgram(program, ["--input", `${often}/*.parquet`]);
    const once = await runProgram(program, ["--input", `${input}/*.parquet`]);
    steady = Math.max(steady, steadyRate(made, ROWS_PER_FILE, FILES_LEFT_OUT));
    alone = Math.max(alone, cores / parts.decodeCpu);
    together = Math.max(together, parts.allRate);
    prepare = Math.min(prepare, parts.allCpu);
    total = Math.min(total, once.totalMs / 1000);
    cpu = Math.min(cpu, (made.cpuSeconds - once.cpuSeconds) / (ROWS * (TIMES - 1)));
  }
  const best = Math.max(apart, together);
  const figures: Figure[] = [
    { what: "steady rows/s over the operators alone", value: steady / best, unit: "ratio", bar: atLeast(0.95), from: `${steady.toFixed(0)} of ${best.toFixed(0)} rows/s, the same operators without an engine on all cores: a process for each core ${apart.toFixed(0)}, all in one ${together.toFixed(0)}` },
    { what: "CPU time of the operators over the run's", value: prepare / cpu, unit: "ratio", from: `${(prepare * 1000).toFixed(2)} of ${(cpu * 1000).toFixed(2)} ms a row, with reading, model and output; does not depend on what else runs` },
    { what: "steady rows/s over the bare decoder", value: steady / alone, unit: "ratio", from: `JPEG to 500 x 375 pixels only, by CPU time on all cores: ${alone.toFixed(0)} rows/s` },
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
