/** Many seeds one after the other: what went wrong, and what all happened. */
import { findViolation } from "./check-run.ts";
import { randomRun } from "./random-run.ts";
import { simulateRun } from "./simulate-run.ts";

const kinds = ["engines", "restarts", "crashes", "kills", "hangs", "drains", "commands", "loads", "unloads", "reloads", "groups", "chunks"] as const;

export interface SchedulesOutcome {
  /** At most a few, each with its seed and how to replay it. */
  readonly violations: readonly string[];
  readonly happened: Readonly<Record<(typeof kinds)[number], number>>;
}

/** What went wrong and what happened in all of them together. */
export function addOutcomes(outcomes: readonly SchedulesOutcome[]): SchedulesOutcome {
  const happened = { ...nothing };
  for (const outcome of outcomes) for (const kind of kinds) happened[kind] += outcome.happened[kind];
  return { violations: outcomes.flatMap(({ violations }) => violations), happened };
}

const nothing: SchedulesOutcome["happened"] = { engines: 0, restarts: 0, crashes: 0, kills: 0, hangs: 0, drains: 0, commands: 0, loads: 0, unloads: 0, reloads: 0, groups: 0, chunks: 0 };

const VIOLATIONS_MAX = 5;
const FAULTS_MAX = 6;

export async function runSchedules(firstSeed: number, count: number): Promise<SchedulesOutcome> {
  const violations: string[] = [];
  const happened = { ...nothing };
  for (let seed = firstSeed; seed < firstSeed + count && violations.length < VIOLATIONS_MAX; seed++) {
    const complain = (what: string): number => violations.push(`seed ${seed}: ${what} (replay: SIM_SEED=${seed} npx vitest run test/sim/schedules.test.ts)`);
    try {
      const run = randomRun(seed, { tickets: seed % 4 === 0 ? "one" : "planned", faultsMax: seed % 5 === 0 ? 0 : FAULTS_MAX });
      const report = await simulateRun(run);
      const violation = findViolation(run, report);
      if (violation !== undefined) complain(violation);
      happened.engines += report.lives.length;
      happened.commands += report.commands;
      happened.restarts += report.lives.length - report.commands;
      for (const { end, decisions, reloads, committed, completed } of report.lives) {
        if (end.kind === "died") happened[end.how === "crash" ? "crashes" : "kills"]++;
        if (end.kind === "hung") happened.hangs++;
        if (end.kind === "finished" && end.isCutShort) happened.drains++;
        happened.loads += decisions.filter(({ from, to }) => to > from).length;
        happened.unloads += decisions.filter(({ from, to }) => to < from).length;
        happened.reloads += reloads;
        happened.groups += committed;
        happened.chunks += completed;
      }
    } catch (error) {
      complain(error instanceof Error ? error.message : String(error));
    }
  }
  return { violations, happened };
}
