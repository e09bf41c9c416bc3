/**
 * The twin-tower sample at full size (ViT-B/16 and ALBERT-base), uncut: the bound on C cores is 1 / (1/M + p/C) rows/s.
 * M is the best that onnxruntime alone does, each tower over its own splits and batches, one tower after the other;
 * p the CPU seconds a row's preprocessing takes alone. `bench/twin-tower.ts` compares cuts of the towers with this.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { tokenize } from "../../stdlib/ops/tokenize/kernel.ts";
import { loadTokenizer } from "../../stdlib/ops/tokenizer/loaded-tokenizer.ts";
import { measurePairs } from "../support/measure-preprocess.ts";
import { buildProgram, runProgram, steadyCoreSeconds, steadyRate } from "../support/programs.ts";
import type { ProgramRun } from "../support/programs.ts";
import { measureSessions, splitsOf } from "../support/session-rate.ts";
import type { SessionInput, SessionSplit } from "../support/session-rate.ts";
import { captions, copiesOfRows, picturesOfSample, ROWS_OF_COPY, tokenizerOfSample, towerProgram, towers } from "../support/twin-tower.ts";
import { medianTurn, printRatios, ratioOf, takeTurns } from "../support/turns.ts";
import { atLeast } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

/** Rows of a call that are tried: what a row takes in larger ones is no less. */
const BATCHES = { vit: [2, 4, 8], albert: [8, 16] };
const PIXELS = 3 * 224 * 224;
/** Rows of each tower's own measurement, to find its best split and then to measure it: a caption takes a tenth of a picture. */
const ROWS = { vit: 24, albert: 96 };
const LONG_ROWS = { vit: 64, albert: 192 };
/** Files of the run: a copy of the sample's rows each. */
const COPIES = 5;

interface Split extends SessionSplit {
  readonly batch: number;
}

interface Best extends Split {
  readonly rate: number;
  /** That a row had. */
  readonly coreSeconds: number;
}

/** What onnxruntime alone does with one tower. */
async function timeSplits(file: string, rows: number, splits: readonly Split[], batchesOf: (size: number) => readonly (readonly SessionInput[])[]): Promise<readonly Best[]> {
  const tried: Best[] = [];
  for (const split of splits) {
    const batches = batchesOf(split.batch);
    const done = batches.length * split.batch;
    const times = Math.ceil(rows / done);
    const { seconds, coreSeconds = NaN } = await measureSessions(file, split, batches, times);
    tried.push({ ...split, rate: (times * done) / seconds, coreSeconds: coreSeconds / (times * done) });
  }
  return tried;
}

function pictureBatches(size: number): readonly (readonly SessionInput[])[] {
  return Array.from({ length: availableParallelism() }, () => [{ port: "pixels", type: "float32" as const, data: new Float32Array(size * PIXELS).fill(0.3), dims: [size, 3, 224, 224] }]);
}

/** The sample's captions, each batch padded to its longest. */
async function captionBatches(): Promise<(size: number) => readonly (readonly SessionInput[])[]> {
  const tokenizer = loadTokenizer(tokenizerOfSample());
  const made = await Promise.all((await captions()).map((text) => tokenize({ text, tokenizer, max: 64n })));
  const ids = made.map((tokens) => Array.from(tokens.ids.data, BigInt));
  return (size) => Array.from({ length: Math.floor(ids.length / size) }, (_, index) => captionBatch(ids.slice(index * size, (index + 1) * size)));
}

function captionBatch(rows: readonly (readonly bigint[])[]): readonly SessionInput[] {
  const longest = Math.max(...rows.map((row) => row.length));
  const port = (name: string, valueOf: (id: bigint | undefined) => bigint): SessionInput => ({ port: name, type: "int64", data: BigInt64Array.from(rows.flatMap((row) => Array.from({ length: longest }, (_, at) => valueOf(row[at])))), dims: [rows.length, longest] });
  return [port("ids", (id) => id ?? 0n), port("mask", (id) => (id === undefined ? 0n : 1n)), port("type_ids", () => 0n)];
}

/** Both towers on all cores, one after the other. */
interface Pair {
  readonly vit: Best;
  readonly albert: Best;
}

function rateOf({ vit, albert }: Pair): number {
  return 1 / (1 / vit.rate + 1 / albert.rate);
}

/**
 * The best split of each tower, and what the program is run with: a worker of one thread for each core. Threads of one
 * call wait for whichever is late, and beside other work one always is.
 */
async function findBest(models: string): Promise<{ readonly alone: Pair; readonly together: Pair }> {
  const cores = availableParallelism();
  const splits = (batches: readonly number[]): readonly Split[] => splitsOf(cores).flatMap((split) => batches.map((batch) => ({ ...split, batch })));
  const vits = await timeSplits(join(models, "vit.onnx"), ROWS.vit, splits(BATCHES.vit), pictureBatches);
  const alberts = await timeSplits(join(models, "albert.onnx"), ROWS.albert, splits(BATCHES.albert), await captionBatches());
  const onOneThread = ({ threads }: Split): boolean => threads === 1;
  return { alone: { vit: fastest(vits), albert: fastest(alberts) }, together: { vit: fastest(vits.filter(onOneThread)), albert: fastest(alberts.filter(onOneThread)) } };
}

function fastest(tried: readonly Best[]): Best {
  return tried.reduce((one, other) => (other.rate > one.rate ? other : one));
}

async function run({ long }: BenchOptions): Promise<readonly Figure[]> {
  const models = towers("full");
  const cpu = measurePairs(picturesOfSample, 10);
  const { alone, together } = await findBest(models);
  const program = buildProgram("twin-tower", towerProgram({ models, step: { vit: settingsOf(together.vit), albert: settingsOf(together.albert) } }));
  const [vits, alberts, runs]: [Best[], Best[], ProgramRun[]] = [[], [], []];
  const boundRate = async (): Promise<number> => {
    const [vit] = await timeSplits(join(models, "vit.onnx"), LONG_ROWS.vit, [alone.vit], pictureBatches);
    const [albert] = await timeSplits(join(models, "albert.onnx"), LONG_ROWS.albert, [alone.albert], await captionBatches());
    vits.push(vit);
    alberts.push(albert);
    return 1 / (1 / rateOf({ vit, albert }) + cpu / availableParallelism());
  };
  const steadyRun = async (): Promise<number> => {
    runs.push(await runProgram(program, ["--quiet", "--input", copiesOfRows(program, COPIES)], true));
    return steadyRate(runs[runs.length - 1], ROWS_OF_COPY, 0);
  };
  const turns = await takeTurns(long ? 3 : 1, boundRate, steadyRun);
  const middle = medianTurn(turns);
  const best: Pair = { vit: fastest(vits), albert: fastest(alberts) };
  const from = `${middle.run.toFixed(2)} of ${middle.alone.toFixed(2)} rows/s, turn about ${printRatios(turns)}; onnxruntime alone: ViT ${printBest(best.vit)}, ALBERT ${printBest(best.albert)}; preprocessing ${(cpu * 1000).toFixed(2)} ms; run with ${printBest(together.vit)} and ${printBest(together.albert)}`;
  const needed = leastCoreSeconds(vits) + leastCoreSeconds(alberts) + cpu;
  const counted = runs.flatMap((one) => steadyCoreSeconds(one, ROWS_OF_COPY) ?? []);
  const had = Math.min(...counted);
  const steady: Figure = { what: "uncut, steady rows/s over the bound", value: ratioOf(middle), unit: "ratio", bar: atLeast(0.98), from };
  if (counted.length === 0) return [steady];
  return [
    steady,
    { what: "the same in core seconds", value: needed / had, unit: "ratio", from: `a row needs ${(needed * 1000).toFixed(1)} ms of a core alone and had ${(had * 1000).toFixed(1)} ms, used or idle; does not depend on what else runs` },
  ];
}

function leastCoreSeconds(tried: readonly Best[]): number {
  return Math.min(...tried.map(({ coreSeconds }) => coreSeconds));
}

function settingsOf({ sessions, threads, batch }: Split): string {
  return `batch: ${batch}, replicas: ${sessions}, threads: ${threads},`;
}

function printBest({ rate, sessions, threads, batch }: Best): string {
  return `${rate.toFixed(1)} (${sessions} x ${threads} threads, batch ${batch})`;
}

export const twinTowerBench: EngineBench = { name: "twin-tower", about: "ViT-B/16 and ALBERT-base in one program, against what the cores allow", run };
