/** What the engine's process runs under (`runtime/topology/supervisor.ts`), for those that are compared with it. */
import { heapArguments } from "../../runtime/topology/collect-heap.ts";
import { nativeThreads } from "../../runtime/topology/machine.ts";
import { withMallocSettings } from "../../runtime/topology/malloc-settings.ts";

export const engineEnvironment = (): NodeJS.ProcessEnv => ({ ...withMallocSettings(process.env), UV_THREADPOOL_SIZE: String(nativeThreads()) });

/** Of chunks of pictures. */
const CHUNK_ROWS = 16;

export const engineArguments = heapArguments(CHUNK_ROWS);
