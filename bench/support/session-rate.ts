/** What onnxruntime alone does, by number of sessions and of threads for each. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { coreSeconds } from "./core-seconds.ts";
import { engineEnvironment } from "./engine-settings.ts";

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
 * What the sessions of a split take for all batches: each session gets its share (every n-th batch), run `times` times,
 * in a process of its own under the engine's settings. Loading and a first batch come before.
 */
export async function measureSessions(file: string, split: SessionSplit, batches: readonly (readonly SessionInput[])[], times = 1): Promise<SessionTime> {
  const processes = Array.from({ length: split.sessions }, (_, session) => {
    const started = fork(fileURLToPath(new URL("session-process.mjs", import.meta.url)), { serialization: "advanced", env: engineEnvironment(), execArgv: [] });
    started.send({ file, threads: split.threads, batches: batches.filter((_, index) => index % split.sessions === session) });
    return started;
  });
  try {
    await Promise.all(processes.map(nextWord));
    const [started, before] = [performance.now(), coreSeconds(process.pid)];
    await Promise.all(processes.map((one) => {
      const done = nextWord(one);
      one.send(times);
      return done;
    }));
    const [seconds, after] = [(performance.now() - started) / 1000, coreSeconds(process.pid)];
    return { seconds, coreSeconds: before === undefined || after === undefined ? undefined : after - before };
  } finally {
    await Promise.all(processes.map((one) => {
      const ended = one.exitCode === null ? once(one, "exit") : undefined;
      one.kill();
      return ended;
    }));
  }
}

/** Rejects where the process ends before it says anything. */
async function nextWord(from: ChildProcess): Promise<void> {
  const ending = new AbortController();
  const ended = once(from, "exit", { signal: ending.signal }).then(() => {
    throw new Error("a process that measures onnxruntime ended before it was done");
  });
  try {
    await Promise.race([once(from, "message", { signal: ending.signal }), ended]);
  } finally {
    ended.catch(() => {});
    ending.abort();
  }
}
