/**
 * What an engine has of the checkpoint: the real commit log and group tracker over a simulated disk that outlasts
 * engines. Syncs and renames take fake time, so that an engine may die before and after each; what it has begun then
 * stands still for ever. Whatever comes to a final name is held to what was committed before.
 */
import { crc32 } from "node:zlib";
import { openCommitLog } from "../../runtime/recovery/commit-log.ts";
import type { CommitLog } from "../../runtime/recovery/commit-log.ts";
import type { FileSystem } from "../../runtime/recovery/file-system.ts";
import { createGroupTracker } from "../../runtime/recovery/group-tracker.ts";
import type { ReadyGroup } from "../../runtime/recovery/group-tracker.ts";
import type { CommitState, LogOutput, StagedFile } from "../../runtime/recovery/manifest.ts";
import type { Topology } from "../../runtime/topology/topology.ts";
import { openDisk } from "../support/simulated-disk.ts";
import type { Agenda } from "./agenda.ts";
import { finalFolder } from "./check-files.ts";
import type { CheckedDisk } from "./check-files.ts";

export interface CommitsRequest {
  readonly topology: Topology;
  readonly disk: CheckedDisk;
  readonly agenda: Agenda;
  /** Of a sync or a rename. */
  readonly operationMs: number;
  readonly isAlive: () => boolean;
  /** Counts the engines. */
  readonly life: number;
}

export interface Commits {
  readonly state: () => CommitState;
  /** Groups of this engine. */
  readonly committed: () => number;
  /** The sink has taken the chunk; chunks come in order. */
  readonly sinkTook: (sink: number, chunk: number) => void;
  /** All sinks have it; chunks come in order. */
  readonly chunkCompleted: (region: number, chunk: number) => void;
  /** All workers that the engine begins with are there. */
  readonly opened: () => void;
  /** No more chunks come. */
  readonly regionFinished: (region: number, isCutShort: boolean) => void;
  /** What was handed over is committed. */
  readonly done: Promise<void>;
  /** Everything is committed to its end: nothing is kept but word of that. Else whoever comes next may go on. */
  readonly close: () => Promise<void>;
}

export async function openCommits(request: CommitsRequest): Promise<Commits> {
  const { topology, disk, life } = request;
  const fs = disk.watch(openDisk(disk.disk, (operation) => taking(request, operation)));
  const log = await openCommitLog(fs, {
    folder: "/c/check", owner: { pid: life, started: "then", host: "h" }, run: `r${life}`, describe: (run) => topology.sinks.map(({ id }) => outputOf(id, run)),
    regions: topology.regions.length, regionOf: (output) => topology.sinks[output].region, identity: {}, fresh: false, renew: false,
    isAlive: async () => false, check: () => {}, pause: async () => {},
  });
  if (!log.state().cleared) await log.clear(topology.sinks.map(() => []));
  return commitsOf(request, fs, log);
}

/** What changes the disk for good takes time; who is dead gets no further. */
function taking({ agenda, operationMs, isAlive }: CommitsRequest, operation: string): Promise<void> | void {
  if (!isAlive()) return new Promise(() => {});
  if (operation !== "sync" && operation !== "rename") return;
  return new Promise((resolve) => {
    agenda.at(agenda.now() + operationMs, () => {
      agenda.stir();
      resolve();
    });
  });
}

function outputOf(sink: number, run: string): LogOutput {
  return { staging: `/d/.staging-${sink}-${run}-`, dead: `/d/.dead-${sink}-${run}-`, final: finalFolder(sink), extension: "jsonl", isTemporary: false };
}

function commitsOf({ topology, agenda }: CommitsRequest, fs: FileSystem, log: CommitLog): Commits {
  const start = log.state();
  const [groupChunks] = topology.regions.map((region) => region.groupChunks);
  // By sink: the chunks of the group that it is at.
  const open = topology.sinks.map(({ region }) => ({ group: start.regions[region].groups, chunks: new Array<number>() }));
  let committed = 0;
  let allOpened = (): void => {};
  const opened = new Promise<void>((resolve) => (allOpened = resolve));
  let commits = Promise.resolve();
  const commit = ({ region, group, chunks, last, sinks, progress }: ReadyGroup): Promise<void> => {
    commits = commits.then(async () => {
      await log.commit({ region, group, chunks, last, outputs: sinks.map(({ sink, report: { rows, files } }) => ({ output: sink, rows, files })), keys: [], ...progress });
      committed++;
    });
    return commits;
  };
  const tracker = createGroupTracker({
    regions: topology.regions.map(({ id, sinks }) => ({ sinks, start: start.regions[id] })),
    groupChunks,
    opened,
    commit,
    endLetters: async () => undefined,
  });
  const failed = new Promise<never>((_, reject) => void tracker.done.catch(reject));
  failed.catch(() => {});

  /** The sink's file of the group, synced under the staging folder. */
  const stage = async (sink: number, group: number, chunks: readonly number[]): Promise<readonly StagedFile[]> => {
    if (chunks.length === 0) return [];
    const root = `${outputOf(sink, log.run).staging}${log.epoch}`;
    const name = `part-${String(group).padStart(5, "0")}-000.jsonl`;
    const text = chunks.map((chunk) => `${chunk}\n`).join("");
    await fs.create(`${root}/${name}`);
    await fs.append(`${root}/${name}`, text);
    await fs.sync(`${root}/${name}`);
    await fs.sync(root);
    return [{ name, bytes: text.length, crc: crc32(text) }];
  };
  const endGroup = (sink: number, last: boolean): void => {
    const { group, chunks } = open[sink];
    open[sink] = { group: group + 1, chunks: [] };
    agenda.stir();
    void stage(sink, group, chunks).then((files) => tracker.sinkGroup(topology.sinks[sink].region, sink, { group, last, rows: chunks.length, files, bytes: 0 }));
  };
  return {
    state: log.state,
    committed: () => committed,
    sinkTook: (sink, chunk) => {
      open[sink].chunks.push(chunk);
      if ((chunk + 1) % groupChunks === 0) endGroup(sink, false);
    },
    chunkCompleted: (region, chunk) => {
      if ((chunk + 1) % groupChunks === 0) agenda.stir();
      tracker.chunkCompleted(region, chunk, { rowsIn: 1, filtered: 0, dead: 0, position: { split: 0, row: chunk + 1 }, passed: {}, exhausted: [], keys: new Map() });
    },
    opened: () => {
      agenda.stir();
      allOpened();
    },
    regionFinished: (region, isCutShort) => {
      if (start.regions[region].ended) return;
      for (const sink of topology.regions[region].sinks) endGroup(sink, true);
      tracker.regionFinished(region, isCutShort);
    },
    done: Promise.race([tracker.done, failed]),
    close: () => (log.state().regions.every(({ ended }) => ended) ? log.forget([]) : log.release()),
  };
}
