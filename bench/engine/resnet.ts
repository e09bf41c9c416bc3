/**
 * ResNet-50 over JPEGs. The bound on C cores is 1 / (1/M + p/C) rows/s: M the best that onnxruntime alone does over its
 * splits and batches, p the CPU seconds a row's preprocessing takes alone.
 */
import { availableParallelism } from "node:os";
import { plainLoop, rayPlans } from "../support/baselines.ts";
import type { BaselineJob } from "../support/baselines.ts";
import { pictures, repeatedPictures, resnetModel } from "../support/fixtures.ts";
import { measurePreprocessing } from "../support/measure-preprocess.ts";
import { pictureProgram } from "../support/picture-program.ts";
import { buildProgram, runProgram, steadyRate } from "../support/programs.ts";
import type { BuiltProgram, ProgramRun } from "../support/programs.ts";
import { splitsOf, timeSessions } from "../support/session-rate.ts";
import type { SessionSplit } from "../support/session-rate.ts";
import { medianTurn, printRatios, ratioOf, takeTurns } from "../support/turns.ts";
import { atLeast, atMost, quantile } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

const ROWS = 384;
/** For the steady rate: files appear in pairs where workers keep step, and one more or less must not count. */
const TIMES = 3;
const ROWS_PER_FILE = 16;
const FILES_LEFT_OUT = 4;
const PIXELS = 3 * 224 * 224;
const BATCHES = [4, 8, 32] as const;

interface Setting extends SessionSplit {
  readonly batch: number;
}

/** Rows per second of onnxruntime alone, over so many rows or some more. */
async function sessionsRate(model: string, { batch, ...split }: Setting, rows: number): Promise<number> {
  const times = Math.ceil(rows / batch / split.sessions);
  const data = new Float32Array(batch * PIXELS).fill(0.3);
  const batches = Array.from({ length: split.sessions }, () => [{ port: "pixels", type: "float32" as const, data, dims: [batch, 3, 224, 224] }]);
  return (times * split.sessions * batch) / (await timeSessions(model, split, batches, times));
}

/** The best of its splits and batches. */
async function findBest(model: string, rows: number): Promise<Setting> {
  let best: Setting & { readonly rate: number } = { sessions: 1, threads: 1, batch: 1, rate: 0 };
  for (const split of splitsOf(availableParallelism())) {
    for (const batch of BATCHES) {
      const rate = await sessionsRate(model, { ...split, batch }, rows);
      if (rate > best.rate) best = { ...split, batch, rate };
    }
  }
  return best;
}

async function run({ long, baselines }: BenchOptions): Promise<readonly Figure[]> {
  const [input, often, model, cores] = [await pictures(ROWS), await repeatedPictures(ROWS, TIMES), await resnetModel(), availableParallelism()];
  const program = buildProgram("resnet", pictureProgram({ model, call: `batch: 8, replicas: ${cores}, threads: 1`, rowsPerFile: ROWS_PER_FILE }));
  const shared = buildProgram("resnet-shared", pictureProgram({ model, call: `batch: 8, replicas: 1, threads: ${cores}`, rowsPerFile: ROWS_PER_FILE }));
  const own = buildProgram("resnet-default", pictureProgram({ model, call: 'batch: "auto"', rowsPerFile: ROWS_PER_FILE }));
  const best = await findBest(model, 96);
  const [runs, defaults]: [ProgramRun[], ProgramRun[]] = [[], []];
  const args = ["--input", `${input}/*.parquet`];
  const prepareCpus: number[] = [];
  const boundRate = async (): Promise<number> => {
    prepareCpus.push(measurePreprocessing(input, 192).allCpu);
    return 1 / (1 / (await sessionsRate(model, best, ROWS)) + prepareCpus[prepareCpus.length - 1] / cores);
  };
  const steadyRun = async (): Promise<number> => {
    runs.push(await runProgram(program, ["--input", `${often}/*.parquet`]));
    return steadyRate(runs[runs.length - 1], ROWS_PER_FILE, FILES_LEFT_OUT);
  };
  const turns = await takeTurns(long ? 5 : 1, boundRate, steadyRun);
  for (let round = 0; round < (long ? 3 : 1); round++) defaults.push(await runProgram(own, args));
  // One after the other: right after another large process, or where the files have left the memory, the machine is slower.
  const starts: ProgramRun[] = [];
  for (let round = 0; round < (long ? 5 : 3); round++) starts.push(await runProgram(program, args));
  const middle = medianTurn(turns);
  const total = Math.min(...starts.map((one) => one.totalMs)) / 1000;
  const totalOfDefaults = Math.min(...defaults.map((one) => one.totalMs)) / 1000;
  const firstRow = (of: readonly ProgramRun[]): number => quantile(of.map((one) => one.openedMs[0] ?? NaN), 0.5);
  const figures: Figure[] = [
    { what: "steady rows/s over the bound", value: ratioOf(middle), unit: "ratio", bar: atLeast(0.98), from: `${middle.run.toFixed(1)} of ${middle.alone.toFixed(1)} rows/s, turn about ${printRatios(turns)}; onnxruntime alone with ${best.sessions} x ${best.threads} threads, batch ${best.batch}; preprocessing ${(quantile(prepareCpus, 0.5) * 1000).toFixed(2)} ms` },
    { what: "start to first row written", value: firstRow(starts), unit: "ms", bar: atMost(1500), from: `from the start of the process, ${starts.length} runs one after the other; right after onnxruntime alone ${firstRow(runs).toFixed(0)} ms; with no settings ${firstRow(defaults).toFixed(0)} ms` },
    { what: "whole job over the bound alone", value: ROWS / total / middle.alone, unit: "ratio", from: `${ROWS} rows in ${total.toFixed(1)} s, ${((Math.min(...starts.map((one) => one.cpuSeconds)) / ROWS) * 1000).toFixed(1)} ms of CPU a row` },
    { what: "the same with no settings", value: ROWS / totalOfDefaults / middle.alone, unit: "ratio", from: `${totalOfDefaults.toFixed(1)} s` },
  ];
  if (baselines === undefined) return figures;
  return [...figures, ...(await wholeJobs(baselines, { input, model, batch: 32 }, [own, program, shared], long ? 7 : 1))];
}

/** From the start of the process to its end: the best of our settings against the best of the others' own. */
async function wholeJobs(baselines: NonNullable<BenchOptions["baselines"]>, job: BaselineJob, settings: readonly BuiltProgram[], rounds: number): Promise<readonly Figure[]> {
  const best = async (): Promise<number> => {
    const jobs: number[] = [];
    for (const setting of settings) jobs.push((await runProgram(setting, ["--input", `${job.input}/*.parquet`])).totalMs);
    return (ROWS * 1000) / Math.min(...jobs);
  };
  const turns = await takeTurns(rounds, async () => ROWS / plainLoop(baselines, job).totalSeconds, best);
  const middle = medianTurn(turns);
  const ray = rayPlans(baselines, job).reduce((one, other) => (other.totalSeconds < one.totalSeconds ? other : one));
  return [
    { what: "whole job, times faster than the plain loop", value: ratioOf(middle), unit: "ratio", bar: atLeast(1), from: `${(ROWS / middle.run).toFixed(2)} s, the best of no settings, a session a core, and one on all; the loop ${(ROWS / middle.alone).toFixed(2)} s, the better of one and two threads decoding; turn about ${printRatios(turns)}` },
    { what: "whole job, times faster than Ray's best plan", value: (ray.totalSeconds * middle.run) / ROWS, unit: "ratio", bar: atLeast(1.25), from: `${ray.name}: ${ray.totalSeconds.toFixed(1)} s, ${ray.rowsPerSecond} rows/s steady` },
  ];
}

export const resnetBench: EngineBench = { name: "resnet", about: "ResNet-50 over 384 JPEGs, against what the cores allow, a plain loop and Ray Data", run };
