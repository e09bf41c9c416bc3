/** Model calls with a limit, so that one which never comes back is noticed. */
import { performance } from "node:perf_hooks";
import type { ModelSession } from "../contract/backend.ts";
import { beginCall } from "../contract/call-watch.ts";

/** A device may compile the model in its first calls. */
const FIRST_LIMIT_MS = 600_000;
const LIMIT_MS_MIN = 60_000;
const MEDIANS = 100;
/** Calls that the median is taken over, and how often it is taken. */
const SAMPLES = 31;
const EVERY = 8;

/** `timeoutMs`: the program's own limit, where it has one. */
export function watchSession(session: ModelSession, timeoutMs: number | undefined): ModelSession {
  const times: number[] = [];
  let calls = 0;
  let limitMs = timeoutMs ?? FIRST_LIMIT_MS;
  const run: ModelSession["run"] = async (inputs) => {
    const inFlight = beginCall(limitMs);
    const started = performance.now();
    try {
      return await session.run(inputs);
    } finally {
      inFlight.ended();
      times[calls++ % SAMPLES] = performance.now() - started;
      if (timeoutMs === undefined && calls % EVERY === 0) limitMs = callLimitMs(times);
    }
  };
  return { ...session, run };
}

/** A hundred times what a call usually takes, and a minute at least. */
export function callLimitMs(timesMs: readonly number[]): number {
  const median = [...timesMs].sort((a, b) => a - b)[Math.floor(timesMs.length / 2)];
  return Math.max(LIMIT_MS_MIN, MEDIANS * median);
}
