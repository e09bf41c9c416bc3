/**
 * How the threads of an engine collect their heaps. V8 collects a small heap whenever some megabytes of buffers have come
 * and gone, and looks at everything that is alive each time: over pictures, many times a second. So heaps are let grow to
 * `HEAP_MIB_MIN`, buffers included, before it does; and since a thread that drops little would then keep what it dropped
 * for minutes, each heap below that is collected once a minute. V8's own tidying of threads that seem idle (a few seconds
 * after each start and each collection, two or three times) is left out: it costs a percent of the cores and finds nothing.
 */
import { getHeapStatistics } from "node:v8";

const HEAP_MIB_MIN = 64;
const EVERY_MS = 60_000;

/** Chunks of pictures and tensors have no more, those of small rows a thousand. */
const FEW_ROWS = 64;
/** What V8 counts by: a thread has up to three of it. */
const SMALL_SPACE_MIB = 4;

/** Node's words for the engine's process. `chunkRows`: of the pipeline. */
export function heapArguments(chunkRows: number): readonly string[] {
  return [`--initial-old-space-size=${HEAP_MIB_MIN}`, "--expose-gc", "--no-memory-reducer", ...(chunkRows <= FEW_ROWS ? [`--max-semi-space-size=${SMALL_SPACE_MIB}`] : [])];
}

/** For this thread, as long as something else keeps it going. */
export function collectNowAndThen(): void {
  const collect = globalThis.gc;
  if (collect === undefined) return;
  setInterval(() => {
    // Larger ones V8 collects as they grow, and all at once would take long.
    if (getHeapStatistics().used_heap_size < HEAP_MIB_MIN * 2 ** 20) collect();
  }, EVERY_MS).unref();
}
