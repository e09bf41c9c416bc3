/** JPEGs into a model that does next to nothing: what counts is decoding, and what the engine adds to it. */
import { availableParallelism } from "node:os";
import { rayPlans, plainLoop } from "../support/baselines.ts";
import { pictures, repeatedPictures, tinyModel } from "../support/fixtures.ts";
import { measurePreprocessing } from "../support/measure-preprocess.ts";
import { operatorsRate } from "../support/operators-rate.ts";
import { pictureProgram } from "../support/picture-program.ts";
import type { Preprocessing } from "../support/preprocess.ts";
import { buildProgram, runProgram, steadyRate } from "../support/programs.ts";
import type { ProgramRun } from "../support/programs.ts";
import { medianTurn, printRatios, ratioOf, takeTurns } from "../support/turns.ts";
import { atLeast, quantile } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

const ROWS = 1536;
/** For the steady rate: until everything is compiled and all buffers go round, some seconds pass. */
const TIMES = 8;
const ROWS_PER_FILE = 64;
const FILES_LEFT_OUT = 64;

async function run({ long, baselines }: BenchOptions): Promise<readonly Figure[]> {
  const [input, often, model, cores] = [await pictures(ROWS), await repeatedPictures(ROWS, TIMES), await tinyModel(), availableParallelism()];
  const program = buildProgram("decode", pictureProgram({ model, call: "batch: 8", rowsPerFile: ROWS_PER_FILE }));
  const [parts, runs]: [Preprocessing[], ProgramRun[]] = [[], []];
  const operatorsAlone = async (): Promise<number> => {
    parts.push(measurePreprocessing(input, ROWS));
    return Math.max(parts[parts.length - 1].allRate, await operatorsRate(input, ROWS));
  };
  const steadyRun = async (): Promise<number> => {
    runs.push(await runProgram(program, ["--input", `${often}/*.parquet`]));
    return steadyRate(runs[runs.length - 1], ROWS_PER_FILE, FILES_LEFT_OUT);
  };
  const turns = await takeTurns(long ? 5 : 1, operatorsAlone, steadyRun);
  const loops = await takeTurns(long ? 5 : 1, () => operatorsRate(input, ROWS, model), steadyRun);
  const [middle, beside] = [medianTurn(turns), medianTurn(loops)];
  const once = await runProgram(program, ["--input", `${input}/*.parquet`]);
  const [total, steady] = [once.totalMs / 1000, quantile([...turns, ...loops].map((turn) => turn.run), 0.5)];
  const cpu = (Math.min(...runs.map((one) => one.cpuSeconds)) - once.cpuSeconds) / (ROWS * (TIMES - 1));
  const prepare = Math.min(...parts.map(({ allCpu }) => allCpu));
  const alone = Math.max(...parts.map(({ decodeCpu }) => cores / decodeCpu));
  const figures: Figure[] = [
    { what: "steady rows/s over the operators alone", value: ratioOf(middle), unit: "ratio", bar: atLeast(0.95), from: `${middle.run.toFixed(0)} of ${middle.alone.toFixed(0)} rows/s, turn about ${printRatios(turns)}; the same operators without an engine on all cores, a process for each core or all in one, whichever is faster` },
    { what: "the same over a plain loop with the model", value: ratioOf(beside), unit: "ratio", from: `${beside.run.toFixed(0)} of ${beside.alone.toFixed(0)} rows/s, turn about ${printRatios(loops)}; a process for each core that holds all JPEGs in memory, prepares them and runs the model on every 8, and writes nothing` },
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
