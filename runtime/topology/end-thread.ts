/**
 * Waits for a thread that was told to close. Threads end by themselves: one that is terminated while it returns from
 * native code takes the process with it. One that does not come back is terminated in the end, since then it is most
 * likely lost in JavaScript.
 */
import type { Worker } from "node:worker_threads";

/** How long a thread may take to finish what it is in, before it is ended in the middle of its JavaScript. */
const CLOSE_MS = 10_000;

/** One that has not ended so long after it was terminated hangs in native code: only the end of the process ends it. */
const TERMINATE_MS = 2_000;

/** `ended`: the thread has. */
export async function endThread(thread: Worker, ended: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const lost = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      void thread.terminate();
      timer = setTimeout(resolve, TERMINATE_MS);
    }, CLOSE_MS);
  });
  await Promise.race([ended, lost]);
  clearTimeout(timer);
}
