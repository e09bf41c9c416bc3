/** Runs what measures preprocessing in a process of its own, where nothing else takes memory or time. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { engineArguments, engineEnvironment } from "./engine-settings.ts";
import { repository, runTs } from "./fixtures.ts";
import type { Preprocessing } from "./preprocess.ts";

export function measurePreprocessing(folder: string, rows: number): Preprocessing {
  return JSON.parse(runAlone("preprocess.ts", [folder, String(rows)])) as Preprocessing;
}

/** CPU seconds that a row of the twin tower takes before the models: decoding, resizing, tokenizing. */
export function measurePairs(folder: string, times: number): number {
  return Number(runAlone("preprocess-pairs.ts", [folder, String(times)]));
}

function runAlone(script: string, args: readonly string[]): string {
  return execFileSync(process.execPath, [...engineArguments, runTs, join(repository, "bench", "support", script), ...args], { encoding: "utf8", env: engineEnvironment() });
}
