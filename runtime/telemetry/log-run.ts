/** Adds to the log of a program's runs. Bounded: the oldest lines go. Whoever cannot write there still runs. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pastRunsFile } from "../contract/past-run.ts";
import type { PastRun } from "../contract/past-run.ts";

const LINES_MAX = 2000;

export function logRun(programFolder: string, run: PastRun): void {
  const file = join(programFolder, pastRunsFile);
  try {
    mkdirSync(dirname(file), { recursive: true });
    appendFileSync(file, `${JSON.stringify(run)}\n`);
    if (run.outcome !== "started") dropOldest(file);
  } catch {
    // A program in a folder that cannot be written runs without this log.
  }
}

function dropOldest(file: string): void {
  const lines = readFileSync(file, "utf8").split("\n").filter((line) => line !== "");
  if (lines.length > LINES_MAX) writeFileSync(file, `${lines.slice(-LINES_MAX / 2).join("\n")}\n`);
}
