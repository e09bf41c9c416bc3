/**
 * Brings together what belongs to a commit group of one region: what became of its rows, the files of every sink, and
 * its dead letters. Groups of a region are handed on in order.
 */
import { fullProgress } from "./progress.ts";
import type { ChunkBooks, RegionProgressSoFar, StepKeys } from "./progress.ts";
import type { RegionProgress, StagedFile } from "./manifest.ts";
import type { SinkGroup } from "./sink-writer.ts";

export interface ReadyGroup {
  readonly region: number;
  readonly group: number;
  /** Chunks of the region up to and with this group. */
  readonly chunks: number;
  readonly last: boolean;
  readonly sinks: readonly { readonly sink: number; readonly report: SinkGroup }[];
  readonly progress: RegionProgress;
  /** Keys met for the first time, by step. */
  readonly keys: StepKeys;
  readonly letters: StagedFile | undefined;
}

export interface GroupTracker {
  readonly sinkGroup: (region: number, sink: number, report: SinkGroup) => void;
  /** Chunks of a region come in order, without those read for nothing. */
  readonly chunkCompleted: (region: number, chunk: number, books: ChunkBooks) => void;
  /** No more chunks come. `isCutShort`: the source has more rows, and what is left of a group is not committed. */
  readonly regionFinished: (region: number, isCutShort: boolean) => void;
  /** All workers were there, and every region is committed to its end, or as far as it was to go. Rejects where a commit failed. */
  readonly done: Promise<void>;
}

export interface TrackerRequest {
  readonly regions: readonly { readonly sinks: readonly number[]; readonly start: RegionStart }[];
  readonly groupChunks: number;
  /**
   * Nothing is committed before: all workers that the run begins with are there. Of a model that cannot be loaded, nothing
   * was published when that shows, whatever other sinks have had meanwhile.
   */
  readonly opened: Promise<void>;
  readonly commit: (group: ReadyGroup) => Promise<void>;
  readonly endLetters: (region: number, group: number) => Promise<StagedFile | undefined>;
}

export interface RegionStart extends RegionProgress {
  readonly groups: number;
  readonly chunks: number;
  readonly ended: boolean;
}

interface Closed {
  readonly chunks: number;
  readonly last: boolean;
  readonly isLeft: boolean;
  readonly progress: RegionProgress;
  readonly keys: StepKeys;
  readonly letters: Promise<StagedFile | undefined>;
}

interface RegionBooks {
  /** The group that is next to be closed, and the one next to be committed. */
  open: number;
  next: number;
  chunks: number;
  ended: boolean;
  progress: RegionProgressSoFar;
  keys: Map<number, unknown[]>;
  readonly closed: Map<number, Closed>;
  readonly reports: Map<number, Map<number, SinkGroup>>;
}

export function createGroupTracker(request: TrackerRequest): GroupTracker {
  const books = request.regions.map(({ start }): RegionBooks => ({
    open: start.groups, next: start.groups, chunks: start.chunks, ended: start.ended, progress: fullProgress(start), keys: new Map(), closed: new Map(), reports: new Map(),
  }));
  let resolve = (): void => {};
  let reject: (error: unknown) => void = () => {};
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Whoever waits hears of it; until then nobody does.
  done.catch(() => {});
  // Groups are handed on as soon as they are whole, in order: what waits to be committed outlives a run that fails.
  let handing = request.opened;
  let commits = Promise.resolve();
  const finishIfDone = (): void => {
    if (books.every((region) => region.ended)) void handing.then(() => commits).then(resolve, reject);
  };

  const closeGroup = (id: number, last: boolean, isLeft: boolean): void => {
    const region = books[id];
    const { progress, keys, chunks } = region;
    region.closed.set(region.open, { chunks, last, isLeft, progress: { ...progress }, keys, letters: request.endLetters(id, region.open) });
    region.closed.get(region.open)?.letters.catch(() => {});
    region.open++;
    region.progress = { ...progress, rowsIn: 0, filtered: 0, dead: 0 };
    region.keys = new Map();
    handOn(id);
  };
  const handOn = (id: number): void => {
    const region = books[id];
    const { sinks } = request.regions[id];
    for (let closed = region.closed.get(region.next); closed !== undefined; closed = region.closed.get(region.next)) {
      const group = region.next;
      const parts = takeReports(region, group, sinks, closed.last || closed.isLeft);
      if (parts === undefined) return;
      region.next++;
      region.closed.delete(group);
      const { chunks, last, isLeft, progress, keys, letters } = closed;
      if (last || isLeft) region.ended = true;
      if (isLeft) continue;
      handing = handing.then(async () => {
        const committed = request.commit({ region: id, group, chunks, last, sinks: parts, progress, keys, letters: await letters });
        committed.catch(reject);
        commits = Promise.all([commits, committed]).then(() => {});
        commits.catch(() => {});
      });
      handing.catch(reject);
    }
  };
  finishIfDone();
  return {
    sinkGroup: (id, sink, report) => {
      const region = books[id];
      const known = region.reports.get(report.group) ?? new Map<number, SinkGroup>();
      known.set(sink, report);
      region.reports.set(report.group, known);
      handOn(id);
      finishIfDone();
    },
    chunkCompleted: (id, chunk, chunkBooks) => {
      const region = books[id];
      verifyNext(id, chunk, region.chunks);
      const { progress } = region;
      progress.rowsIn += chunkBooks.rowsIn;
      progress.filtered += chunkBooks.filtered;
      progress.dead += chunkBooks.dead;
      progress.split = chunkBooks.position?.split ?? progress.split;
      progress.row = chunkBooks.position?.row ?? progress.row;
      progress.passed = { ...progress.passed, ...chunkBooks.passed };
      if (chunkBooks.exhausted.length > 0) progress.exhausted = [...new Set([...progress.exhausted, ...chunkBooks.exhausted])];
      for (const [step, keys] of chunkBooks.keys) addKeys(region.keys, step, keys);
      region.chunks = chunk + 1;
      if ((chunk + 1) % request.groupChunks === 0) closeGroup(id, false, false);
    },
    regionFinished: (id, isCutShort) => {
      if (books[id].ended) return;
      closeGroup(id, !isCutShort, isCutShort);
      finishIfDone();
    },
    done,
  };
}

/** A chunk that is passed over would be missing from the output for good. */
function verifyNext(region: number, chunk: number, next: number): void {
  if (chunk !== next) throw new Error(`chunk ${chunk} of region ${region} is complete where ${next} is next`);
}

function addKeys(known: Map<number, unknown[]>, step: number, keys: readonly unknown[]): void {
  const list = known.get(step);
  if (list === undefined) known.set(step, [...keys]);
  else for (const key of keys) list.push(key);
}

/**
 * What the sinks hold of a group, once all have said it. With the last group goes whatever sinks say after it: chunks
 * that were read for nothing count there, and hold no rows.
 */
function takeReports(region: RegionBooks, group: number, sinks: readonly number[], isLast: boolean): ReadyGroup["sinks"] | undefined {
  const parts: { readonly sink: number; readonly report: SinkGroup }[] = [];
  const taken = isLast ? [...region.reports.keys()].filter((other) => other >= group).sort((a, b) => a - b) : [group];
  for (const sink of sinks) {
    const reports = taken.flatMap((other) => region.reports.get(other)?.get(sink) ?? []);
    const [first] = reports;
    if (first === undefined || (isLast && reports.at(-1)?.last !== true)) return undefined;
    parts.push({ sink, report: { ...first, last: isLast, rows: sum(reports, "rows"), bytes: sum(reports, "bytes"), files: reports.flatMap(({ files }) => files) } });
  }
  for (const other of taken) region.reports.delete(other);
  return parts;
}

function sum(reports: readonly SinkGroup[], what: "rows" | "bytes"): number {
  return reports.reduce((total, report) => total + report[what], 0);
}
