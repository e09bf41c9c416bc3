/**
 * A pipeline run to its end in fake time, whatever happens to it: engines under the supervisor's own decisions, and a
 * user who starts the command again where it gave up or was drained.
 */
import { decide, orderOf, startState } from "../../runtime/topology/supervisor-decide.ts";
import type { Decision, EngineEnd, SupervisorFacts, SupervisorState } from "../../runtime/topology/supervisor-decide.ts";
import { createCheckedDisk } from "./check-files.ts";
import type { LifeReport } from "./engine-life.ts";
import { simulateEngine } from "./simulate-engine.ts";
import { HANG_LIMIT_MS } from "./work.ts";
import type { Fault, Work } from "./work.ts";

export interface SimulatedRun {
  readonly work: Work;
  readonly tickets: number;
  readonly faults: readonly Fault[];
  readonly integer: (below: number) => number;
}

export interface RunReport {
  readonly isDone: boolean;
  readonly lives: readonly LifeReport[];
  readonly commands: number;
  /** Chunks in the final files of each sink, in the order of their names. */
  readonly published: readonly (readonly number[])[];
  /** What came to a final name that must not, if anything. */
  readonly exposed: string | undefined;
  readonly endMs: number;
}

/** More would mean that it never ends. */
const COMMANDS_MAX = 60;
const LIVES_MAX = 200;

export async function simulateRun(run: SimulatedRun): Promise<RunReport> {
  const { work } = run;
  const disk = createCheckedDisk();
  const lives: LifeReport[] = [];
  let nowMs = 0;
  let commands = 0;
  let isDone = false;
  const reportOf = (endMs: number): RunReport => ({ isDone, lives, commands, published: work.topology.sinks.map(({ id }) => disk.published(id)), exposed: disk.violation(), endMs });
  const facts: SupervisorFacts = { isolatable: new Map([...work.isolatable].map((stage) => [stage, `stage ${stage}`])), tickets: run.tickets };
  while (!isDone && commands < COMMANDS_MAX && lives.length < LIVES_MAX) {
    commands++;
    let state: SupervisorState | undefined = startState(facts);
    while (state !== undefined && lives.length < LIVES_MAX) {
      const order = orderOf(state, facts, undefined, undefined);
      const life = await simulateEngine({ work, tickets: order.ticketsMax ?? run.tickets, isolated: new Set(order.isolated), disk, count: lives.length, startMs: nowMs, faults: run.faults, integer: run.integer });
      lives.push(life);
      if (life.end.kind === "stuck") return reportOf(life.endMs);
      isDone = life.end.kind === "finished" && !life.end.isCutShort;
      const next: Decision | undefined = life.end.kind === "died" && life.end.how === "killAll" ? undefined : decide(engineEnd(life, run.tickets), state, facts);
      nowMs = life.endMs + (next?.kind === "restart" ? next.delayMs : 1);
      state = next?.kind === "restart" ? next.state : undefined;
    }
  }
  return reportOf(nowMs);
}

/** As the supervisor sees it. */
function engineEnd({ end, ...life }: LifeReport, tickets: number): EngineEnd {
  const progress = { kind: "progress", rows: life.rows, commits: life.committed } as const;
  const base = { code: null, signal: null, flights: [], outOfMemory: false, said: { progress } } as const;
  switch (end.kind) {
    case "finished":
      return { ...base, code: end.isCutShort ? 5 : 0, said: { progress, over: { kind: "over", code: end.isCutShort ? 5 : 0 } } };
    case "hung":
      return { ...base, signal: "SIGKILL", flights: end.flights, said: { progress, hung: { kind: "hung", stage: end.stage, replica: end.replica, limitMs: HANG_LIMIT_MS } } };
    case "died":
      if (end.how === "crash") return { ...base, signal: "SIGSEGV", flights: end.flights };
      return { ...base, signal: "SIGKILL", flights: end.flights, outOfMemory: end.how === "oom" && tickets > 1 };
    case "stuck":
      throw new Error("an engine that is stuck has not ended");
  }
}
