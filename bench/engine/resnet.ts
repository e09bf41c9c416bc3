/**
 * ResNet-50 over JPEGs. The bound on C cores is 1 / (1/M + p/C) rows/s: M the best that onnxruntime alone does over its
 * splits and batches, p the CPU seconds a row's preprocessing takes alone.
 */
import { availableParallelism } from "node:os";
import { plainLoop, rayPlans } from "../support/baselines.ts";
import { pictures, resnetModel } from "../support/fixtures.ts";
import { measurePreprocessing } from "../support/measure-preprocess.ts";
import { pictureProgram } from "../support/picture-program.ts";
import { buildProgram, runProgram, steadyRate } from "../support/programs.ts";
import type { ProgramRun } from "../support/programs.ts";
import { splitsOf, timeSessions } from "../support/session-rate.ts";
import type { SessionSplit } from "../support/session-rate.ts";
import { atLeast, atMost } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

const ROWS = 384;
const ROWS_PER_FILE = 16;
const PIXELS = 3 * 224 * 224;
const BATCHES = [4, 8, 32] as const;

interface Best extends SessionSplit {
  readonly batch: number;
  readonly rate: number;
}

/** The best of onnxruntime alone. */
async function bestSessions(model: string, rows: number): Promise<Best> {
  const tried: Best[] = [];
  for (const split of splitsOf(availableParallelism())) {
    for (const batch of BATCHES) {
      const calls = Math.max(split.sessions, Math.ceil(rows / batch / split.sessions) * split.sessions);
      const data = new Float32Array(batch * PIXELS).fill(0.3);
      const batches = Array.from({ length: split.sessions }, () => [{ port: "pixels", type: "float32" as const, data, dims: [batch, 3, 224, 224] }]);
      const seconds = await timeSessions(model, split, batches, calls / split.sessions);
      tried.push({ ...split, batch, rate: (calls * batch) / seconds });
    }
  }
  return tried.reduce((best, one) => (one.rate > best.rate ? one : best));
}

async function run({ long, baselines }: BenchOptions): Promise<readonly Figure[]> {
  const [input, model, cores] = [await pictures(ROWS), await resnetModel(), availableParallelism()];
  const { allCpu } = measurePreprocessing(input, 96);
  const program = buildProgram("resnet", pictureProgram({ model, call: `batch: 8, replicas: ${cores}, threads: 1`, rowsPerFile: ROWS_PER_FILE }));
  const own = buildProgram("resnet-default", pictureProgram({ model, call: 'batch: "auto"', rowsPerFile: ROWS_PER_FILE }));
  const tried: Best[] = [];
  const runs: ProgramRun[] = [];
  let first: ProgramRun | undefined;
  // Turn about, since other work on the machine comes and goes.
  for (let round = 0; round < (long ? 3 : 1); round++) {
    tried.push(await bestSessions(model, 64));
    runs.push(await runProgram(program, ["--input", `${input}/*.parquet`]));
    first ??= await runProgram(own, ["--input", `${input}/*.parquet`]);
    tried.push(await bestSessions(model, 64));
  }
  const best = tried.reduce((one, other) => (other.rate > one.rate ? other : one));
  const bound = 1 / (1 / best.rate + allCpu / cores);
  const steady = Math.max(...runs.map((one) => steadyRate(one, ROWS_PER_FILE, 2)));
  const total = Math.min(...runs.map((one) => one.totalMs)) / 1000;
  const figures: Figure[] = [
    { what: "steady rows/s over the bound", value: steady / bound, unit: "ratio", bar: atLeast(0.98), from: `${steady.toFixed(1)} of ${bound.toFixed(1)} rows/s; onnxruntime alone ${best.rate.toFixed(1)} (${best.sessions} x ${best.threads} threads, batch ${best.batch}), preprocessing ${(allCpu * 1000).toFixed(2)} ms` },
    { what: "start to first row written", value: Math.min(...runs.map((one) => one.openedMs[0] ?? NaN)), unit: "ms", bar: atMost(1500), from: "from the start of the process" },
    { what: "whole job over the bound alone", value: ROWS / total / bound, unit: "ratio", from: `${ROWS} rows in ${total.toFixed(1)} s, ${((Math.min(...runs.map((one) => one.cpuSeconds)) / ROWS) * 1000).toFixed(1)} ms of CPU a row` },
    { what: "the same with no settings", value: ROWS / ((first?.totalMs ?? NaN) / 1000) / bound, unit: "ratio", from: `${((first?.totalMs ?? NaN) / 1000).toFixed(1)} s, first row after ${(first?.openedMs[0] ?? NaN).toFixed(0)} ms` },
  ];
  if (baselines === undefined) return figures;
  const job = { input, model, batch: 32 };
  const plain = plainLoop(baselines, job);
  const ray = rayPlans(baselines, job).reduce((one, other) => (other.totalSeconds < one.totalSeconds ? other : one));
  return [
    ...figures,
    { what: "whole job, times faster than the plain loop", value: plain.totalSeconds / total, unit: "ratio", bar: atLeast(1), from: `${plain.name}: ${plain.totalSeconds.toFixed(1)} s, ${plain.rowsPerSecond} rows/s steady` },
    { what: "whole job, times faster than Ray's best plan", value: ray.totalSeconds / total, unit: "ratio", bar: atLeast(1.25), from: `${ray.name}: ${ray.totalSeconds.toFixed(1)} s, ${ray.rowsPerSecond} rows/s steady` },
  ];
}

export const resnetBench: EngineBench = { name: "resnet", about: "ResNet-50 over 384 JPEGs, against what the cores allow, a plain loop and Ray Data", run };
