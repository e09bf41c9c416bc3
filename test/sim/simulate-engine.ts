/** One engine process in fake time: opens the checkpoint, which may be its end already, and goes to work. */
import { createAgenda } from "./agenda.ts";
import type { Agenda } from "./agenda.ts";
import { openCommits } from "./commits.ts";
import type { Commits } from "./commits.ts";
import { startEngine } from "./engine-at-work.ts";
import type { Vital } from "./engine-at-work.ts";
import { engineTopology } from "./engine-topology.ts";
import type { EngineLife, LifeEnd, LifeReport } from "./engine-life.ts";
import type { Topology } from "../../runtime/topology/topology.ts";

/** Syncs and renames of a commit, about. */
const OPERATIONS_OF_COMMIT = 8;

export async function simulateEngine(life: EngineLife): Promise<LifeReport> {
  const topology = engineTopology(life.work.topology, life.tickets);
  const agenda = createAgenda(life.startMs);
  const state: { end?: LifeEnd; error?: unknown; isOver: boolean } = { isOver: false };
  const vital: Vital = {
    die: (end) => {
      state.end ??= end;
      state.isOver = true;
    },
    fail: (error) => {
      state.error ??= error;
      state.isOver = true;
    },
    // Until there is work only what ends the process has an effect.
    strike: ({ kind }) => {
      if (kind === "crash" || kind === "kill" || kind === "killAll" || kind === "oom") vital.die({ kind: "died", how: kind, flights: [] });
    },
  };
  for (const fault of life.faults) if (fault.atMs >= life.startMs) agenda.at(fault.atMs, () => vital.strike(fault));
  const commits = await opening(life, topology, agenda, () => state.isOver, vital);
  const report = commits === undefined ? undefined : startEngine(life, topology, agenda, commits, vital);
  await agenda.run(() => state.isOver);
  if (state.error !== undefined) throw state.error;
  return { end: state.end ?? { kind: "stuck" }, endMs: agenda.now(), ...(report?.() ?? { completed: 0, committed: 0, rows: 0, decisions: [], reloads: 0, faultsUsed: 0, coreMs: 0 }) };
}

/** Undefined where the engine ended before, or found everything done. */
async function opening(life: EngineLife, topology: Topology, agenda: Agenda, isOver: () => boolean, vital: Vital): Promise<Commits | undefined> {
  let opened: Commits | undefined;
  const request = { topology, disk: life.disk, agenda, operationMs: life.work.commitMs / OPERATIONS_OF_COMMIT, isAlive: () => !isOver(), life: life.count };
  openCommits(request).then((commits) => {
    opened = commits;
  }, vital.fail);
  await agenda.run(() => isOver() || opened !== undefined);
  if (opened === undefined || isOver()) return undefined;
  if (!opened.state().published) return opened;
  opened.close().then(() => vital.die({ kind: "finished", isCutShort: false }), vital.fail);
  return undefined;
}
