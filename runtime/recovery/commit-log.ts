/**
 * Commits groups of rows in all outputs at once, so that a run may be killed at any moment and lose or repeat nothing.
 *
 * The protocol. A run claims the next `manifest-n` of the checkpoint's folder (`O_EXCL`) and makes staging folders of
 * its own; that nobody claimed a later one is looked at after that. It fences those before: their staging folders are
 * renamed, so whatever such a run still does, it can give no file its final name. What the last manifest holds is
 * synced and read, and how many bytes of it count is written into the new header; then each file listed is brought to
 * its final name, and a base sums up what is committed. A group's files are written and synced under staging; one
 * record is appended; when that is synced the group is committed, and only then the files are renamed.
 */
import { dirname, join } from "node:path";
import { jobError } from "../contract/failures.ts";
import { emptyState, hasBegun, isCommittedName } from "./commit-state.ts";
import { append, claimLost, clear, commit, epochsOf, finalsOf, forget, isOvertaken, moveAway, record, release, removeManifests, rollForward, verifyOutputs } from "./commit-steps.ts";
import type { Log, OpenRequest } from "./commit-steps.ts";
import { hasCode } from "./file-system.ts";
import type { FileSystem } from "./file-system.ts";
import type { InputNote } from "./identity.ts";
import { findManifest, listManifests, listRuns, manifestPath, readOwner } from "./manifest-files.ts";
import type { Found } from "./manifest-files.ts";
import { printLine } from "./manifest.ts";
import type { CommitState, GroupRecord, Header, LogOutput, StagedFile } from "./manifest.ts";
import { makeFolders, syncAbove, syncFolders, walkFiles } from "./output-files.ts";
import type { DirtyFolders } from "./output-files.ts";

export interface CommitLog {
  readonly run: string;
  /** The number that this run's staging folders bear. */
  readonly epoch: number;
  readonly state: () => CommitState;
  /** The file that records are appended to. */
  readonly manifest: () => string;
  readonly noteInputs: (inputs: readonly InputNote[]) => Promise<void>;
  /** Moves away what an earlier run left: names by output, the mark first. Before the first group. */
  readonly clear: (files: readonly (readonly string[])[]) => Promise<void>;
  /** Commits one group; its files are synced under the staging folders. One call at a time. */
  readonly commit: (record: Omit<GroupRecord, "kind" | "epoch">) => Promise<void>;
  /** Gives a file of the staging folder another place for good: a whole output, or a mark. */
  readonly install: (output: number, name: string, to: string) => Promise<void>;
  /** Everything stands under its final name: keeps nothing but word of that, and of single files that were made of groups. */
  readonly forget: (wholes: readonly (StagedFile | null)[]) => Promise<void>;
  /** Ends before that: whoever comes next may go on at once. Where nothing is committed nothing is left. */
  readonly release: () => Promise<void>;
}

export async function openCommitLog(fs: FileSystem, request: OpenRequest): Promise<CommitLog> {
  const dirty: DirtyFolders = new Set();
  await makeFolders(fs, request.folder, dirty);
  await refuseLiving(fs, request);
  const before = await findManifest(fs, request.folder);
  const kept = isAnew(request, before) ? undefined : before;
  if (kept !== undefined) request.check(kept.header);
  const run = kept?.header.run ?? request.run;
  const epoch = await claim(fs, request, run);
  const outputs = request.describe(run);
  await makeStaging(fs, outputs, epoch, dirty);
  if ((await listManifests(fs, request.folder)).some((number) => number > epoch)) throw claimLost(request);
  const others = [...(await listRuns(fs, request.folder, epoch, request.describe))].flatMap(([name, its]) => (name === run ? [] : its));
  await fence(fs, [...outputs, ...others], epoch);
  // What counts is read after the fence: what is committed from here on by one who lives on cannot show.
  const found = await readSynced(fs, request, epoch);
  // It finished or committed something, or another one began, in between.
  if (found?.header.run !== before?.header.run || isAnew(request, found) !== isAnew(request, before)) throw claimLost(request);
  if (isAnew(request, found) && found?.state.published === false) await abandon(fs, found, outputs, epoch);
  const base = isAnew(request, found) ? undefined : found;
  const committedMs = base === undefined ? 0 : ((await fs.look(manifestPath(request.folder, base.manifest)))?.modifiedMs ?? 0);
  const header: Header = { kind: "header", run, outputs, regions: request.regions, identity: base?.header.identity ?? request.identity, ...(base === undefined ? {} : { previous: { manifest: base.manifest, length: base.length } }) };
  const log: Log = { fs, request, epoch, manifest: epoch, length: Buffer.byteLength(printLine({ kind: "owner", owner: request.owner, run })), baseLength: 0, header, state: base?.state ?? emptyState(request.regions, outputs.length), dirty, settled: new Set(), isBroken: false };
  await append(log, header);
  await fs.sync(manifestPath(request.folder, epoch));
  await fs.sync(request.folder);
  for (const path of [request.folder, ...outputs.map(({ staging }) => staging)]) await syncAbove(fs, path);
  await syncFolders(fs, dirty);
  for (const record of log.state.published ? [] : (base?.recent ?? [])) await rollForward(log, record);
  await syncFolders(fs, dirty);
  await verifyOutputs(log, committedMs);
  await append(log, { kind: "base", state: log.state });
  log.baseLength = log.length;
  await fs.syncData(manifestPath(request.folder, epoch));
  // While manifests still name them.
  await removeHidden(fs, others);
  await tidy(log);
  return logOf(log);
}

function isAnew({ fresh, renew }: OpenRequest, found: Found | undefined): boolean {
  return fresh || (renew && found !== undefined && (found.state.published || !hasBegun(found.state)));
}

async function refuseLiving(fs: FileSystem, request: OpenRequest): Promise<void> {
  const last = (await listManifests(fs, request.folder)).at(-1);
  if (last === undefined) return;
  // A file without an owner was claimed this moment, or by one who was killed at it.
  let owner = await readOwner(fs, request.folder, last);
  if (owner === undefined) {
    await request.pause();
    owner = await readOwner(fs, request.folder, last);
  }
  if (owner === undefined || owner === "none" || !(await request.isAlive(owner, manifestPath(request.folder, last)))) return;
  throw jobError("R0158", `another run of this pipeline is at work with the checkpoint ${request.folder} (process ${owner.pid} on ${owner.host})`, "wait until it has ended, or end it");
}

async function claim(fs: FileSystem, request: OpenRequest, run: string): Promise<number> {
  const number = 1 + ((await listManifests(fs, request.folder)).at(-1) ?? 0);
  if (!(await fs.create(manifestPath(request.folder, number)))) throw claimLost(request);
  await fs.append(manifestPath(request.folder, number), printLine({ kind: "owner", owner: request.owner, run }));
  return number;
}

async function makeStaging(fs: FileSystem, outputs: readonly LogOutput[], epoch: number, dirty: DirtyFolders): Promise<void> {
  for (const { staging } of outputs) await makeFolders(fs, `${staging}${epoch}`, dirty);
}

/** Renames the staging folders of all epochs before ours. */
async function fence(fs: FileSystem, outputs: readonly LogOutput[], epoch: number): Promise<void> {
  for (const { staging, dead } of outputs) {
    for (const number of await epochsOf(fs, staging)) {
      if (number >= epoch) continue;
      await fs.rename(`${staging}${number}`, `${dead}${number}`).catch((error: unknown) => {
        // Another run that is being opened came first.
        if (!hasCode(error, "ENOENT")) throw error;
      });
    }
  }
}

async function readSynced(fs: FileSystem, request: OpenRequest, epoch: number): Promise<Found | undefined> {
  for (const number of await listManifests(fs, request.folder)) if (number < epoch) await fs.sync(manifestPath(request.folder, number));
  await fs.sync(request.folder);
  return findManifest(fs, request.folder, epoch);
}

/** Moves the files that a run has committed out of the way: it is not gone on with. */
async function abandon(fs: FileSystem, { header, state }: Found, outputs: readonly LogOutput[], epoch: number): Promise<void> {
  for (const [index, { final, extension }] of header.outputs.entries()) {
    // Where the outputs changed, staging lies on another disk perhaps: then the old files are foreign ones.
    const own = outputs.find((output) => output.final === final);
    if (own === undefined || state.outputs[index]?.files === 0) continue;
    const names: string[] = [];
    for await (const name of walkFiles(fs, final, finalsOf(header.outputs))) if (isCommittedName(name, extension, state)) names.push(name);
    await moveAway(fs, own, epoch, names, new Set());
    await fs.removeFolder(join(`${own.staging}${epoch}`, ".old"));
  }
}

/** What runs that are not gone on with have beside their outputs. */
async function removeHidden(fs: FileSystem, outputs: readonly LogOutput[]): Promise<void> {
  for (const { dead, final, isTemporary } of outputs) {
    for (const number of await epochsOf(fs, dead)) await fs.removeFolder(`${dead}${number}`);
    if (isTemporary) await fs.removeFolder(final);
  }
}

/** Removes what nobody needs once a base is synced: fenced folders, manifests before, keys that no record lists. */
async function tidy(log: Log): Promise<void> {
  const { fs, request, header, state } = log;
  for (const { dead } of header.outputs) for (const number of await epochsOf(fs, dead)) if (number < log.epoch) await fs.removeFolder(`${dead}${number}`);
  await removeManifests(log, log.manifest);
  const listed = new Set(state.keys.map((file) => file.name));
  for (const { name } of (await fs.list(request.folder)) ?? []) if (epochOfKeys(name) < log.epoch && !listed.has(name)) await fs.remove(join(request.folder, name));
}

/** A file of keys that a run of this epoch writes. */
export function keysName(epoch: number, step: number, group: number): string {
  return `keys-${epoch}-${step}-${group}`;
}

function epochOfKeys(name: string): number {
  return Number(/^keys-(\d+)-\d+-\d+$/.exec(name)?.[1] ?? Infinity);
}

function logOf(log: Log): CommitLog {
  return {
    run: log.header.run,
    epoch: log.epoch,
    state: () => log.state,
    clear: (files) => whole(log, () => clear(log, files)),
    commit: (group) => whole(log, () => commit(log, { ...group, kind: "group", epoch: log.epoch })),
    install: (output, name, to) => whole(log, async () => {
      // Whoever sees a mark finds, also after a power cut, all that it stands for.
      await syncFolders(log.fs, log.dirty);
      await makeFolders(log.fs, dirname(to), log.dirty);
      await log.fs.rename(join(`${log.header.outputs[output].staging}${log.epoch}`, name), to);
      log.dirty.add(dirname(to));
    }),
    forget: (wholes) => whole(log, () => forget(log, wholes)),
    manifest: () => manifestPath(log.request.folder, log.manifest),
    noteInputs: (inputs) => whole(log, () => record(log, { kind: "inputs", inputs })),
    release: () => release(log),
  };
}

/** Nothing more is done after a step that failed. */
async function whole(log: Log, step: () => Promise<void>): Promise<void> {
  if (log.isBroken) throw new Error("the checkpoint was given up after an error");
  log.isBroken = true;
  try {
    await step();
  } catch (error) {
    throw hasCode(error, "ENOENT") && (await isOvertaken(log)) ? claimLost(log.request) : error;
  }
  log.isBroken = false;
}

