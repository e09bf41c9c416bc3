/** What the engine's process runs under (`runtime/topology/supervisor.ts`), for those that are compared with it. */
import { availableParallelism } from "node:os";
import { heapArguments } from "../../runtime/topology/collect-heap.ts";

export const engineSettings = { MALLOC_MMAP_THRESHOLD_: String(32 * 2 ** 20), MALLOC_TRIM_THRESHOLD_: String(256 * 2 ** 20), UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())) };
export const engineArguments = heapArguments;
