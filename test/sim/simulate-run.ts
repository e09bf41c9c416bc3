/**
 * A pipeline run to its end in fake time, whatever happens to it: engines under the supervisor's own decisions, and a
 * user who starts the command again where it gave up or was drained.
 */
import { decide, orderOf, startState } from "../../runtime/topology/supervisor-decide.ts";
import type { Decision, EngineEnd, SupervisorFacts, SupervisorState } from "../../runtime/topology/supervisor-decide.ts";
import { createCommits } from "./commits.ts";
import type { Commits } from "./commits.ts";
import { simulateEngine } from "./simulate-engine.ts";
import type { LifeReport } from "./simulate-engine.ts";
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
  readonly published: readonly (readonly number[])[];
  readonly endMs: number;
}

/** More would mean that it never ends. */
const COMMANDS_MAX = 60;
const LIVES_MAX = 200;

export function simulateRun(run: SimulatedRun): RunReport {
  const { work } = run;
  const commits = createCommits(work.topology);
  const lives: LifeReport[] = [];
  let nowMs = 0;
  let commands = 0;
  const isDone = (): boolean => work.topology.regions.every(({ id }) => commits.isEnded(id));
  const facts: SupervisorFacts = { isolatable: new Map([...work.isolatable].map((stage) => [stage, `stage ${stage}`])), tickets: run.tickets };
  while (!isDone() && commands < COMMANDS_MAX && lives.length < LIVES_MAX) {
    commands++;
    let state: SupervisorState | undefined = startState(facts);
    while (state !== undefined && lives.length < LIVES_MAX) {
      const order = orderOf(state, facts, undefined, undefined);
      const life = simulateEngine({ ...run, tickets: order.ticketsMax ?? run.tickets, isolated: new Set(order.isolated), commits, startMs: nowMs });
      lives.push(life);
      if (life.end.kind === "stuck") return { isDone: false, lives, commands, published: commits.published(), endMs: life.endMs };
      const next: Decision | undefined = life.end.kind === "died" && life.end.how === "killAll" ? undefined : decide(engineEnd(life, run.tickets, commits, work), state, facts);
      nowMs = life.endMs + (next?.kind === "restart" ? next.delayMs : 1);
      state = next?.kind === "restart" ? next.state : undefined;
    }
  }
  return { isDone: isDone(), lives, commands, published: commits.published(), endMs: nowMs };
}

/** As the supervisor sees it. */
function engineEnd(life: LifeReport, tickets: number, commits: Commits, work: Work): EngineEnd {
  const { end } = life;
  const rows = work.topology.regions.reduce((sum, { id }) => sum + commits.chunks(id), 0) + life.completed;
  const progress = { kind: "progress", rows, commits: life.committed } as const;
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
