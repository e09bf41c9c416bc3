/** What onnxruntime alone does, by number of sessions and of threads for each. */
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

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

/**
 * Seconds that the sessions of a split take for all batches: each session gets its share (every n-th batch), run
 * `times` times. Loading and a first batch come before.
 */
export async function timeSessions(file: string, split: SessionSplit, batches: readonly (readonly SessionInput[])[], times = 1): Promise<number> {
  const workers = Array.from({ length: split.sessions }, (_, session) => {
    const own = batches.filter((_, index) => index % split.sessions === session);
    return new Worker(fileURLToPath(new URL("session-worker.mjs", import.meta.url)), { workerData: { file, threads: split.threads, batches: own } });
  });
  await Promise.all(workers.map((worker) => once(worker, "message")));
  const started = performance.now();
  await Promise.all(workers.map((worker) => {
    const done = once(worker, "message");
    worker.postMessage(times);
    return done;
  }));
  const seconds = (performance.now() - started) / 1000;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return seconds;
}
