/** How long this thread takes for something, and for how much of that it is at work instead of waiting for an answer. */
import { performance } from "node:perf_hooks";

export interface ThreadTime {
  readonly busyMs: number;
  /** Of `busyMs`; a call that blocks the thread is work. */
  readonly computeMs: number;
}

/** Gives the time since. */
export function startThreadClock(): () => ThreadTime {
  const [startedMs, loop] = [performance.now(), performance.eventLoopUtilization()];
  return () => ({ busyMs: performance.now() - startedMs, computeMs: performance.eventLoopUtilization(loop).active });
}
