/**
 * How regions come to their end: at that of their source, where a stage gives no more rows, at a drain, or where an
 * earlier run left them; and what sinks give back until then.
 */
import { isWhole, releasePlace, takePlaceBack } from "./edge-places.ts";
import { endRun, endStages } from "./replica-slots.ts";
import { takeUnit } from "./scheduler-state.ts";
import type { SchedulerState } from "./scheduler-state.ts";
import { lastNeededChunk } from "./topology.ts";
import type { StageNode } from "./topology.ts";

/** What an earlier run saw the end of. */
export interface RegionEnds {
  /** By region: whether it was brought to its end. */
  readonly ended?: readonly boolean[];
  /** Stages that gave their last row. */
  readonly exhausted?: readonly number[];
}

/** What an earlier run saw the end of is not begun again. */
export function resumeEnds(s: SchedulerState, { ended = [], exhausted = [] }: RegionEnds): void {
  for (const stage of exhausted) s.exhaustedAt.set(stage, s.regions[s.topology.stages[stage].region].first - 1);
  for (const { id } of s.topology.regions) {
    if (ended[id] === true) stopRegion(s, id);
    else if (exhausted.length > 0) stopIfUseless(s, id);
  }
}

/** Reading on is no use once every way from the source leads through a stage that gives nothing more. */
export function stopIfUseless(s: SchedulerState, id: number): void {
  const region = s.regions[id];
  region.lastNeeded = lastNeededChunk(s.topology, s.exhaustedAt, s.topology.regions[id].source);
  if (region.stopped || region.lastNeeded === Infinity) return;
  stopRegion(s, id);
}

/** Nothing more is read than what was asked for. */
export function stopRegion(s: SchedulerState, id: number): void {
  const region = s.regions[id];
  region.stopped = true;
  region.total = region.next;
  endStages(s, id);
  finishIfDone(s, id);
}

export function drainRegion(s: SchedulerState, id: number, atOnce: boolean): void {
  const region = s.regions[id];
  if (region.stopped && !(atOnce && region.isCutShort)) return;
  const { groupChunks } = s.topology.regions[id];
  region.isCutShort = true;
  region.stopAt = atOnce ? region.next : Math.ceil(region.next / groupChunks) * groupChunks;
  if (!region.stopped && region.next >= region.stopAt) stopRegion(s, id);
}

export function handleSourceEnd(s: SchedulerState, stage: StageNode, chunks: number): void {
  const region = s.regions[stage.region];
  const { runs } = s.stages[stage.id];
  region.stopped = true;
  region.isCutShort = false;
  region.total = chunks;
  for (let chunk = chunks; chunk < region.next; chunk++) {
    if (!takeUnit(runs, chunk, 0)) throw new Error(`chunk ${chunk} lies past the end of its source`);
    region.open.delete(chunk);
    endRun(s, stage, 0);
    for (const id of stage.outs) takePlaceBack(s, s.topology.edges[id], chunk);
  }
  region.next = Math.min(region.next, chunks);
  endStages(s, stage.region);
  finishIfDone(s, stage.region);
}

export function handleSinkDone(s: SchedulerState, sink: number, chunk: number): void {
  const { edge, region: id } = s.topology.sinks[sink];
  if (!isWhole(s, edge, chunk)) {
    s.early[sink].add(chunk);
    return;
  }
  releasePlace(s, s.topology.edges[edge], { chunk, part: 0 });
  const region = s.regions[id];
  const left = (region.open.get(chunk) ?? 0) - 1;
  if (left < 0) throw new Error(`sink ${sink} took chunk ${chunk} twice, or unasked`);
  region.open.set(chunk, left);
  if (left > 0) return;
  region.open.delete(chunk);
  region.through.add(chunk);
  // Words of different workers may overtake each other: chunks are reported in order all the same.
  while (region.through.delete(region.completed)) {
    s.commands.push({ kind: "completed", region: id, chunk: region.completed, isNeeded: region.completed <= region.lastNeeded });
    region.completed++;
  }
  finishIfDone(s, id);
}

function finishIfDone(s: SchedulerState, id: number): void {
  const region = s.regions[id];
  if (region.finished || region.total === undefined || region.completed < region.total) return;
  region.finished = true;
  s.commands.push({ kind: "finished", region: id });
}
