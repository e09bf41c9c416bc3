/**
 * The log of the runs of a folder's programs, one JSON object a line, in `out/runs.jsonl` beside `out.js`: what it holds and
 * how it is read. A run has a line when it begins, one for each engine that is started again in it, and one when it ends; of a run
 * that was killed the last is missing.
 */

export interface PastRun {
  /** The same in all lines of a run. */
  readonly id: string;
  /** The name of its `.pipe` file: programs in one folder share a log. Older lines lack it. */
  readonly program?: string;
  readonly pipeline: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly params: Readonly<Record<string, string>>;
  readonly outcome: "started" | "finished" | "overBudget" | "stopped" | "interrupted";
  readonly exitCode?: number;
  /** Engines that were started again in it. */
  readonly restarts?: number;
  readonly elapsedMs?: number;
  readonly rowsIn?: number;
  readonly rowsDead?: number;
  readonly rowsPerSecond?: number;
  readonly bottleneck?: string | null;
  /** What ended it, where something did. */
  readonly fault?: string;
  readonly outputs?: readonly string[];
}

/** Relative to the folder of `out.js`. */
export const pastRunsFile = "out/runs.jsonl";

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
