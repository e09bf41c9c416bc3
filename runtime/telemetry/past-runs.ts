/**
 * The log of a program's runs: one line of JSON each, in `out/runs.jsonl` beside `out.js`, written when a run ends. A
 * run that was killed leaves a line that says it began. Whoever cannot write there still runs.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface PastRun {
  /** The same in both lines of a run. */
  readonly id: string;
  readonly pipeline: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly params: Readonly<Record<string, string>>;
  readonly outcome: "started" | "finished" | "overBudget" | "stopped" | "interrupted" | "failed";
  readonly exitCode?: number;
  readonly elapsedMs?: number;
  readonly rowsIn?: number;
  readonly rowsDead?: number;
  readonly rowsPerSecond?: number;
  readonly bottleneck?: string | null;
  /** What ended it, where something did. */
  readonly fault?: string;
  readonly outputs?: readonly string[];
}

export function pastRunsFile(programFolder: string): string {
  return join(programFolder, "out", "runs.jsonl");
}

const LINES_MAX = 2000;

export function logRun(programFolder: string, run: PastRun): void {
  const file = pastRunsFile(programFolder);
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

/** Oldest first; of each run its last word. Lines that are no runs are left out. */
export function readPastRuns(text: string): readonly PastRun[] {
  const runs = new Map<string, PastRun>();
  for (const line of text.split("\n")) {
    const run = parseRun(line);
    if (run !== undefined) runs.set(run.id, run);
  }
  return [...runs.values()];
}

function parseRun(line: string): PastRun | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isPastRun(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPastRun(value: unknown): value is PastRun {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string" && "pipeline" in value && typeof value.pipeline === "string" && "startedAt" in value && typeof value.startedAt === "string" && "outcome" in value && typeof value.outcome === "string";
}
