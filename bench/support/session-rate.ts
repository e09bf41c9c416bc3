/** What onnxruntime alone does, by number of sessions and of threads for each. */
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { coreSeconds } from "./core-seconds.ts";

export interface SessionInput {
  readonly port: string;
  readonly type: "float32" | "int64";
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}

export interface SessionSplit {
  readonly sessions: number;
  readonly threads: number;
}

/** One session on all cores, and one on each core. */
export function splitsOf(cores: number): readonly SessionSplit[] {
  return cores === 1 ? [{ sessions: 1, threads: 1 }] : [{ sessions: 1, threads: cores }, { sessions: cores, threads: 1 }];
}

export interface SessionTime {
  readonly seconds: number;
  /** That these sessions had, see `coreSeconds`. */
  readonly coreSeconds: number | undefined;
}

/** Seconds that the sessions of a split take, see `measureSessions`. */
export async function timeSessions(file: string, split: SessionSplit, batches: readonly (readonly SessionInput[])[], times = 1): Promise<number> {
  return (await measureSessions(file, split, batches, times)).seconds;
}

/**
 * What the sessions of a split take for all batches: each session gets its share (every n-th batch), run `times` times.
 * Loading and a first batch come before.
 */
export async function measureSessions(file: string, split: SessionSplit, batches: readonly (readonly SessionInput[])[], times = 1): Promise<SessionTime> {
  const workers = Array.from({ length: split.sessions }, (_, session) => {
    const own = batches.filter((_, index) => index % split.sessions === session);
    return new Worker(fileURLToPath(new URL("session-worker.mjs", import.meta.url)), { workerData: { file, threads: split.threads, batches: own } });
  });
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const [started, before] = [performance.now(), coreSeconds(process.pid)];
  await Promise.all(workers.map((worker) => {
    const done = once(worker, "message");
    worker.postMessage(times);
    return done;
  }));
  const [seconds, after] = [(performance.now() - started) / 1000, coreSeconds(process.pid)];
  await Promise.all(workers.map((worker) => worker.terminate()));
  return { seconds, coreSeconds: before === undefined || after === undefined ? undefined : after - before };
}
