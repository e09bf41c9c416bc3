/**
 * Outputs of a pipeline with a checkpoint: each group gets its final names as soon as it is committed, and a later run
 * goes on after the last. Of a single file the groups' rows wait in a hidden folder beside it until it can be made whole.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import { deserialize, serialize } from "node:v8";
import { setTimeout as sleep } from "node:timers/promises";
import { jobError } from "../contract/failures.ts";
import type { Column } from "../contract/column.ts";
import type { Split } from "../contract/kernel.ts";
import { SUCCESS_MARK } from "../contract/success-mark.ts";
import { keysName, openCommitLog } from "./commit-log.ts";
import type { CommitLog } from "./commit-log.ts";
import { hasBegun, isCommittedName } from "./commit-state.ts";
import { openKeptLetters } from "./dead-letters.ts";
import { hasCode, realFiles } from "./file-system.ts";
import { findStale } from "./finished-run.ts";
import type { ReadyGroup } from "./group-tracker.ts";
import { describeInputChanges, noteInputs } from "./identity.ts";
import type { RunIdentity } from "./identity.ts";
import { describeOutputs, findObstacles, listOutputs, regionOfOutput } from "./kept-places.ts";
import type { KeptOutput } from "./kept-places.ts";
import { findManifest } from "./manifest-files.ts";
import type { Found } from "./manifest-files.ts";
import type { KeysFile, StagedFile } from "./manifest.ts";
import { checkTarget, listFiles, readMark } from "./output-target.ts";
import type { OutputTarget } from "./output-target.ts";
import { checkInputs, describePlaces, exists } from "./outputs.ts";
import type { OutputRequest, Outputs, Places, RunStart, WrittenFiles } from "./outputs.ts";
import { isAlive, keepAlive, thisProcess } from "./owner.ts";
import { publishKept } from "./publish-kept.ts";
import { sinkBeginning } from "./sink-writer.ts";
import { syncPath, writing, writingAll } from "./sync-file.ts";

export interface KeptRequest extends OutputRequest {
  /** The checkpoint's folder. */
  readonly at: string;
  readonly identity: RunIdentity;
  readonly fresh: boolean;
  /** The region that each sink belongs to. */
  readonly regionOf: (sink: number) => number;
  readonly columnsOf: (sink: number) => readonly Column[];
  readonly listSources: () => Promise<readonly (readonly Split[])[]>;
  /** Told of an output whose committed files must be read, to know whether they are as they were. */
  readonly onDoubt?: (place: string) => void;
}

export function cannotResume(at: string, obstacles: readonly string[]): Error {
  return jobError("R0156", `the checkpoint ${at} is of a run that cannot be gone on with: ${obstacles.join("; ")}`, "bring back what changed, or pass --fresh to start over");
}

const CLAIM_MS = 2000;

interface Kept {
  readonly request: KeptRequest;
  readonly places: Places;
  readonly outputs: readonly KeptOutput[];
  /** The run before, where it came to its end. */
  readonly finished: Found | undefined;
  readonly log: CommitLog;
  readonly stirs: () => void;
  /** Rows of sinks without files, of this run. */
  readonly shown: Map<number, WrittenFiles>;
  /** Whatever is under way at the log. */
  last: Promise<unknown>;
  isClosed: boolean;
  sources: readonly ReturnType<typeof noteInputs>[];
}

export async function openKeptOutputs(request: KeptRequest): Promise<Outputs> {
  const { pipeline, identity, at } = request;
  const places = describePlaces(pipeline);
  const outputs = listOutputs(places);
  const found = await findManifest(realFiles, resolve(at));
  const renew = !request.fresh && found !== undefined && (await isToRenew(request, found, places, outputs));
  const log = await writingAll(at, outputs.map(({ target }) => target.path), () =>
    openCommitLog(realFiles, {
      folder: resolve(at),
      owner: thisProcess(),
      run: randomBytes(4).toString("hex"),
      describe: (run) => describeOutputs(outputs, run),
      regions: request.regions,
      regionOf: (output, part) => regionOfOutput(outputs[output], part, request.regionOf),
      identity,
      fresh: request.fresh,
      renew,
      isAlive,
      check: (header) => {
        const obstacles = findObstacles(header, identity, outputs);
        if (obstacles.length > 0) throw cannotResume(at, obstacles);
      },
      ...(request.onDoubt === undefined ? {} : { onDoubt: request.onDoubt }),
      pause: () => sleep(CLAIM_MS),
    }),
  );
  const finished = found?.state.published === true ? found : undefined;
  const kept: Kept = { request, places, outputs, finished, log, stirs: keepAlive(log.manifest), shown: new Map(), last: Promise.resolve(), isClosed: false, sources: [] };
  try {
    return await openWith(kept);
  } catch (error) {
    await release(kept);
    throw error;
  }
}

/**
 * A run that has finished is done with, unless what it made is not what a run would make now. Of one that has committed
 * nothing, nothing is kept that could forbid another program or other input.
 */
async function isToRenew({ identity, listSources }: KeptRequest, found: Found, places: Places, outputs: readonly KeptOutput[]): Promise<boolean> {
  const hasChanged = findObstacles(found.header, identity, outputs).length > 0;
  if (!hasBegun(found.state)) return hasChanged || found.state.inputs !== undefined;
  if (!found.state.published || hasChanged) return found.state.published;
  const stale = await findStale(found, outputs.map(({ target }) => target), places.others, listSources);
  return stale.length > 0;
}

async function openWith(kept: Kept): Promise<Outputs> {
  const { request, places, log, outputs } = kept;
  const { owner, overwrite } = request;
  const state = log.state();
  if (!state.cleared && state.clearing === undefined) for (const { target } of outputs) await checkTarget(target, owner, { overwrite, others: places.others, isOwn: (name) => isOwn(kept, target, name) });
  const located = describeOutputs(outputs, log.run);
  const staged = outputs.map(({ target }, index): OutputTarget => ({ ...target, staging: `${located[index].staging}${log.epoch}`, isKept: true }));
  const dead = staged[outputs.findIndex(({ sink }) => sink === undefined)];
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    // What was handed over before the run was given up is committed all the same; then nothing more.
    if (kept.isClosed) return Promise.reject(new Error("the outputs were closed"));
    const next = kept.last.then(act);
    kept.last = next.catch(() => {});
    return next;
  };
  return {
    targets: request.pipeline.sinks.map(({ id }) => staged[outputs.findIndex(({ sink }) => sink === id)]),
    deadLetters: dead === undefined ? undefined : openKeptLetters(dead, request.splitsOf, (region) => state.regions[region].groups),
    deadLetterPath: places.deadTarget?.path,
    start: await readStart(kept),
    checkInputs: (splits) => checkInputs(places.all, splits),
    noteSources: (splits) => {
      kept.sources = splits.map(noteInputs);
      const before = log.state().inputs;
      const changes = before === undefined ? [] : describeInputChanges(before, kept.sources);
      if (changes.length > 0) throw cannotResume(request.at, changes);
    },
    commit: (group) => inTurn(() => writingAll(request.at, outputs.map(({ target }) => target.path), () => commit(kept, group))),
    publish: () => inTurn(() => publishAll(kept)),
    discard: async () => {
      kept.isClosed = true;
      await kept.last;
      await release(kept);
    },
  };
}

async function readStart({ request, log, outputs }: Kept): Promise<RunStart> {
  const state = log.state();
  const sinks = request.pipeline.sinks.map(({ id }) => {
    const region = state.regions[request.regionOf(id)];
    const output = outputs.findIndex(({ sink }) => sink === id);
    return { ...sinkBeginning, chunk: region.chunks, ...(output < 0 ? {} : { files: state.outputs[output].files, rows: state.outputs[output].rows }), hasEnded: region.ended };
  });
  const keys = new Map<number, unknown[]>();
  // The files of keys go when a run has finished.
  for (const { step, name } of state.published ? [] : state.keys) {
    const list = await readKeys(request.at, name);
    const known = keys.get(step) ?? [];
    for (const key of list) known.push(key);
    keys.set(step, known);
  }
  const isResumed = state.regions.some(({ groups }) => groups > 0);
  return { isResumed, isComplete: state.regions.every(({ ended }) => ended), isFinished: state.published, regions: state.regions, sinks, keys };
}

async function readKeys(at: string, name: string): Promise<readonly unknown[]> {
  try {
    // Written by `writeKeys`.
    return deserialize(await readFile(join(resolve(at), name))) as readonly unknown[];
  } catch (error) {
    throw cannotResume(at, [`its file ${name}, with keys that were met, ${hasCode(error, "ENOENT") ? "has gone" : "cannot be read"}`]);
  }
}

async function commit(kept: Kept, group: ReadyGroup): Promise<void> {
  const { log, outputs } = kept;
  const state = log.state();
  if (state.inputs === undefined) await log.noteInputs(kept.sources);
  if (!state.cleared) await log.clear(state.clearing ?? (await findOld(kept)));
  const keys: KeysFile[] = [];
  for (const [step, list] of group.keys) if (list.length > 0) keys.push(await writeKeys(kept, step, group.group, list));
  const { region, chunks, last, progress, letters } = group;
  const parts = group.sinks.flatMap(({ sink, report }) => {
    const output = outputs.findIndex((candidate) => candidate.sink === sink);
    if (output < 0) addShown(kept, sink, report);
    return output < 0 ? [] : [{ output, rows: report.rows, files: report.files }];
  });
  const dead = outputs.findIndex(({ sink }) => sink === undefined);
  const all = letters === undefined ? parts : [...parts, { output: dead, rows: progress.dead, files: [letters] }];
  await log.commit({ region, group: group.group, chunks, last, outputs: all, keys, ...progress });
}

function addShown({ shown }: Kept, sink: number, { rows, bytes }: { readonly rows: number; readonly bytes: number }): void {
  const before = shown.get(sink) ?? { files: 0, rows: 0, bytes: 0 };
  shown.set(sink, { files: 0, rows: before.rows + rows, bytes: before.bytes + bytes });
}

/** A file of the run before, though somebody has removed the mark that says so. */
function isOwn({ finished }: Kept, { path, extension }: OutputTarget, name: string): boolean {
  return finished !== undefined && finished.header.outputs.some(({ final }) => final === resolve(path)) && isCommittedName(name, extension, finished.state);
}

/** What an earlier, finished run left under the final names: its mark first. */
async function findOld(kept: Kept): Promise<readonly (readonly string[])[]> {
  const { request, places, outputs } = kept;
  return Promise.all(outputs.map(async ({ target }) => {
    const full = resolve(target.path);
    if (target.kind === "file" || !(await exists(full))) return [];
    const mark = await readMark(full);
    if (mark !== undefined && !request.overwrite) return [SUCCESS_MARK, ...mark.files];
    const files = (await listFiles(full, places.others)).filter((file) => (request.overwrite ? file.endsWith(`.${target.extension}`) : isOwn(kept, target, file)));
    return mark === undefined ? files : [SUCCESS_MARK, ...files];
  }));
}

async function writeKeys({ request, log }: Kept, step: number, group: number, keys: readonly unknown[]): Promise<KeysFile> {
  const name = keysName(log.epoch, step, group);
  const bytes = serialize(keys);
  await writeFile(join(resolve(request.at), name), bytes);
  await syncPath(join(resolve(request.at), name));
  await syncPath(resolve(request.at));
  return { step, name, bytes: bytes.length };
}

async function publishAll({ log, outputs, request, places, shown }: Kept): Promise<readonly WrittenFiles[]> {
  const wholes: (StagedFile | null)[] = [];
  if (!log.state().published) {
    const { pipeline, owner, columnsOf } = request;
    const located = describeOutputs(outputs, log.run);
    for (const [index, output] of outputs.entries()) wholes.push(await writing(output.target.path, () => publishKept({ log, pipeline, owner, columnsOf, others: places.others }, index, output, located[index])));
  }
  const { outputs: sums } = log.state();
  const written = request.pipeline.sinks.map(({ id }): WrittenFiles => {
    const index = outputs.findIndex(({ sink }) => sink === id);
    if (index < 0) return shown.get(id) ?? { files: 0, rows: 0, bytes: 0 };
    const { files, rows, bytes } = sums[index];
    return { files: outputs[index].target.kind === "file" ? 1 : files, rows, bytes };
  });
  await writing(request.at, () => log.forget(log.state().wholes ?? wholes));
  return written;
}

/** Lets others have the checkpoint. One in which nothing is committed goes. */
async function release({ log, stirs, request }: Kept): Promise<void> {
  stirs();
  // Whoever comes next finds that this process has ended.
  await log.release().catch(() => {});
  // A folder that this run made for nothing.
  if ((await readdir(resolve(request.at)).catch(() => ["?"])).length === 0) await realFiles.removeEmptyFolder(resolve(request.at));
}
