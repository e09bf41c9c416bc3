/** Runs `preprocess.ts` in a process of its own, where nothing else takes memory or time. */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { repository, runTs } from "./fixtures.ts";
import type { Preprocessing } from "./preprocess.ts";

/** What the engine's process runs under (`runtime/topology/supervisor.ts`). */
const engineSettings = { MALLOC_MMAP_THRESHOLD_: String(32 * 2 ** 20), MALLOC_TRIM_THRESHOLD_: String(256 * 2 ** 20), UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())) };

export function measurePreprocessing(folder: string, rows: number): Preprocessing {
  const text = execFileSync(process.execPath, [runTs, join(repository, "bench", "support", "preprocess.ts"), folder, String(rows)], { encoding: "utf8", env: { ...process.env, ...engineSettings } });
  return JSON.parse(text) as Preprocessing;
}
