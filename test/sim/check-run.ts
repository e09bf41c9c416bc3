/** What must hold of a simulated run, whatever happened to it. The first thing that does not, as text. */
import type { LifeReport } from "./engine-life.ts";
import type { RunReport, SimulatedRun } from "./simulate-run.ts";

export function findViolation(run: SimulatedRun, report: RunReport): string | undefined {
  const { topology, chunks } = run.work;
  const stuck = report.lives.find(({ end }) => end.kind === "stuck");
  if (stuck !== undefined) return `nothing moves any more at ${stuck.endMs} ms`;
  if (report.exposed !== undefined) return report.exposed;
  if (!report.isDone) return `not done after ${report.commands} commands and ${report.lives.length} engines`;
  for (const sink of topology.sinks) {
    const wanted = Array.from({ length: chunks[sink.region] }, (_, chunk) => chunk);
    if (report.published[sink.id].join() !== wanted.join()) return `sink ${sink.id} has published ${report.published[sink.id].join()}, not ${wanted.length} chunks in order`;
  }
  for (const life of report.lives) {
    const complaint = findOscillation(life, run);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

const LOAD_TIMES_OF_REST = 5;
const MOVED_SHARE_MIN = 0.2;

/** Changes of one stage lie apart, and turn back only where its service time has moved. */
function findOscillation(life: LifeReport, { work }: SimulatedRun): string | undefined {
  for (const { id, label } of work.topology.stages) {
    const changes = life.decisions.filter((decision) => decision.stage === id && decision.from !== decision.to);
    for (let index = 1; index < changes.length; index++) {
      const [before, after] = [changes[index - 1], changes[index]];
      if (after.atMs - before.atMs < LOAD_TIMES_OF_REST * work.loadMs(id)) return `${label} was changed at ${before.atMs} and at ${after.atMs} ms, its workers take ${work.loadMs(id)} ms to load`;
      const [was, is] = [before.figures["serviceMs"], after.figures["serviceMs"]];
      const turns = Math.sign(before.to - before.from) !== Math.sign(after.to - after.from);
      if (turns && Math.abs(is - was) < MOVED_SHARE_MIN * was) return `${label} was changed one way and back again, with a service time of ${was} and then ${is} ms`;
    }
  }
  return undefined;
}
