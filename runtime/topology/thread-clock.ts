/** How long this thread takes for something, and for how much of that it is at work instead of waiting for an answer. */
import { performance } from "node:perf_hooks";

export interface ThreadTime {
  readonly busyMs: number;
  /** Of `busyMs`; a call that blocks the thread is work. */
  readonly computeMs: number;
}

/** Gives the time since. */
export function startThreadClock(): () => ThreadTime {
  // The loop is asked first and last: where the thread loses its core between two looks, nothing seems to have waited.
  const [loop, startedMs] = [performance.eventLoopUtilization(), performance.now()];
  return () => {
    const busyMs = performance.now() - startedMs;
    return { busyMs, computeMs: Math.min(busyMs, performance.eventLoopUtilization(loop).active) };
  };
}
