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
import { emptyState, foldLine, readFileName } from "./commit-state.ts";
import { hasCode } from "./file-system.ts";
import type { FileSystem } from "./file-system.ts";
import { findManifest, listManifests, manifestPath, readOwner } from "./manifest-files.ts";
import type { Found } from "./manifest-files.ts";
import { printLine } from "./manifest.ts";
import type { InputNote } from "./identity.ts";
import type { CommitState, GroupRecord, Header, LogOutput, ManifestLine, Owner } from "./manifest.ts";
import { digestFolder, makeFolders, syncAbove, syncFolders, walkFiles } from "./output-files.ts";
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
  /** Everything stands under its final name: forgets the checkpoint. */
  readonly forget: () => Promise<void>;
  /** Ends before that: whoever comes next may go on at once. Where nothing is committed nothing is left. */
  readonly release: () => Promise<void>;
}

export interface OpenRequest {
  readonly folder: string;
  readonly owner: Owner;
  /** Names the run where it is a new one. */
  readonly run: string;
  readonly describe: (run: string) => readonly LogOutput[];
  readonly regions: number;
  /** To which region the files of an output belong: `part` is the second number of their names. */
  readonly regionOf: (output: number, part: number) => number;
  readonly identity: unknown;
  /** Forget what an earlier run committed, and its files. */
  readonly fresh: boolean;
  readonly isAlive: (owner: Owner, manifest: string) => Promise<boolean>;
  /** Throws where the run found may not be gone on with. */
  readonly check: (header: Header) => void;
  /** A moment for a process that is just claiming. */
  readonly pause: () => Promise<void>;
}

interface Log {
  readonly fs: FileSystem;
  readonly request: OpenRequest;
  readonly epoch: number;
  manifest: number;
  length: number;
  header: Header;
  state: CommitState;
  readonly dirty: DirtyFolders;
  /** Final folders whose own entries are synced. */
  readonly settled: Set<string>;
  /** After an error nobody knows what stands in the manifest: whoever opens it next finds out. */
  isBroken: boolean;
}

export async function openCommitLog(fs: FileSystem, request: OpenRequest): Promise<CommitLog> {
  const dirty: DirtyFolders = new Set();
  await makeFolders(fs, request.folder, dirty);
  await refuseLiving(fs, request);
  const before = await findManifest(fs, request.folder);
  const kept = request.fresh ? undefined : before;
  if (kept !== undefined) request.check(kept.header);
  const epoch = await claim(fs, request);
  const run = kept?.header.run ?? request.run;
  const outputs = request.describe(run);
  await makeStaging(fs, outputs, epoch, dirty);
  if ((await listManifests(fs, request.folder)).some((number) => number > epoch)) throw claimLost(request);
  await fence(fs, [...outputs, ...(before?.header.outputs ?? [])], epoch);
  // What counts is read after the fence: what is committed from here on by one who lives on cannot show.
  const found = await readSynced(fs, request, epoch);
  // It finished, or another one began, in between.
  if (found?.header.run !== before?.header.run) throw claimLost(request);
  if (request.fresh && found !== undefined) await abandon(fs, found, outputs, epoch);
  const base = request.fresh ? undefined : found;
  const header: Header = { kind: "header", run, outputs, regions: request.regions, identity: base?.header.identity ?? request.identity, ...(base === undefined ? {} : { previous: { manifest: base.manifest, length: base.length } }) };
  const log: Log = { fs, request, epoch, manifest: epoch, length: Buffer.byteLength(printLine({ kind: "owner", owner: request.owner })), header, state: base?.state ?? emptyState(request.regions, outputs.length), dirty, settled: new Set(), isBroken: false };
  await append(log, header);
  await fs.sync(manifestPath(request.folder, epoch));
  await fs.sync(request.folder);
  for (const path of [request.folder, ...outputs.map(({ staging }) => staging)]) await syncAbove(fs, path);
  await syncFolders(fs, dirty);
  for (const record of log.state.published ? [] : (base?.recent ?? [])) await rollForward(log, record);
  await syncFolders(fs, dirty);
  await verifyOutputs(log);
  await append(log, { kind: "base", state: log.state });
  await fs.syncData(manifestPath(request.folder, epoch));
  await tidy(log);
  if (request.fresh && found !== undefined) await removeHidden(fs, found.header.outputs);
  return logOf(log);
}

async function refuseLiving(fs: FileSystem, request: OpenRequest): Promise<void> {
  const last = (await listManifests(fs, request.folder)).at(-1);
  if (last === undefined) return;
  // A file without an owner was claimed this moment, or by one who was killed at it.
  if ((await readOwner(fs, request.folder, last)) === undefined) await request.pause();
  const owner = await readOwner(fs, request.folder, last);
  if (owner === undefined || owner === "none" || !(await request.isAlive(owner, manifestPath(request.folder, last)))) return;
  throw jobError("R0158", `another run of this pipeline is at work with the checkpoint ${request.folder} (process ${owner.pid} on ${owner.host})`, "wait until it has ended, or end it");
}

async function claim(fs: FileSystem, request: OpenRequest): Promise<number> {
  const number = 1 + ((await listManifests(fs, request.folder)).at(-1) ?? 0);
  if (!(await fs.create(manifestPath(request.folder, number)))) throw claimLost(request);
  await fs.append(manifestPath(request.folder, number), printLine({ kind: "owner", owner: request.owner }));
  return number;
}

function claimLost(request: OpenRequest): Error {
  return jobError("R0158", `another run of this pipeline has taken over the checkpoint ${request.folder}`, "let only one run of a pipeline work at a time");
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

async function epochsOf(fs: FileSystem, prefix: string): Promise<readonly number[]> {
  const start = prefix.slice(dirname(prefix).length + 1);
  const entries = (await fs.list(dirname(prefix))) ?? [];
  return entries.flatMap(({ name }) => (name.startsWith(start) && /^\d+$/.test(name.slice(start.length)) ? [Number(name.slice(start.length))] : []));
}

async function readSynced(fs: FileSystem, request: OpenRequest, epoch: number): Promise<Found | undefined> {
  for (const number of await listManifests(fs, request.folder)) if (number < epoch) await fs.sync(manifestPath(request.folder, number));
  await fs.sync(request.folder);
  return findManifest(fs, request.folder, epoch);
}

/** Moves the files that a run has committed out of the way: it is not gone on with. */
async function abandon(fs: FileSystem, { header, state }: Found, outputs: readonly LogOutput[], epoch: number): Promise<void> {
  const groups = Math.max(0, ...state.regions.map((region) => region.groups));
  for (const [index, { final, extension }] of header.outputs.entries()) {
    // Where the outputs changed, staging lies on another disk perhaps: then the old files are foreign ones.
    const own = outputs.find((output) => output.final === final);
    if (own === undefined || state.outputs[index]?.files === 0) continue;
    const names: string[] = [];
    for await (const name of walkFiles(fs, final, finalsOf(header.outputs))) if ((readFileName(name, extension)?.group ?? Infinity) < groups) names.push(name);
    await moveAway(fs, own, epoch, names, new Set());
    await fs.removeFolder(join(`${own.staging}${epoch}`, ".old"));
  }
}

function finalsOf(outputs: readonly LogOutput[]): ReadonlySet<string> {
  return new Set(outputs.map(({ final }) => final));
}

/** What an abandoned run has beside its outputs. */
async function removeHidden(fs: FileSystem, outputs: readonly LogOutput[]): Promise<void> {
  for (const { dead, final, isTemporary } of outputs) {
    for (const number of await epochsOf(fs, dead)) await fs.removeFolder(`${dead}${number}`);
    if (isTemporary) await fs.removeFolder(final);
  }
}

/** Into our staging folder, and so never by one who was fenced. */
async function moveAway(fs: FileSystem, { staging, final }: LogOutput, epoch: number, names: readonly string[], dirty: DirtyFolders): Promise<void> {
  const old = join(`${staging}${epoch}`, ".old");
  await fs.makeFolder(old);
  for (const [index, name] of names.entries()) {
    const path = join(final, name);
    // Also where it is gone: one who was killed may have moved it and not synced that.
    for (let at = dirname(path); at.length >= final.length; at = dirname(at)) dirty.add(at).add(dirname(at));
    if ((await fs.size(path)) === undefined) continue;
    await fs.rename(path, join(old, String(index)));
    for (let at = dirname(path); at.length > final.length && (await fs.removeEmptyFolder(at)); ) at = dirname(at);
  }
}

/** Brings every file of a committed group to its final name. */
async function rollForward(log: Log, record: GroupRecord): Promise<void> {
  await prepareFolders(log, record);
  for (const { output, files } of record.outputs) {
    const { dead, final } = log.header.outputs[output];
    for (const file of files) {
      const to = join(final, file.name);
      const bytes = await log.fs.size(to);
      if (bytes === undefined) await give(log, join(`${dead}${record.epoch}`, file.name), to);
      else if (bytes === file.bytes) log.dirty.add(dirname(to));
      else throw altered(`${to} has ${bytes} bytes, ${file.bytes} were committed`);
    }
  }
}

/**
 * Makes the final folders of a group's files, and syncs the entries of those that this run has not given a file yet:
 * a file renamed into a folder that the power takes away is lost.
 */
async function prepareFolders(log: Log, record: GroupRecord): Promise<void> {
  const parents: DirtyFolders = new Set();
  for (const { output, files } of record.outputs) {
    const { final } = log.header.outputs[output];
    for (const folder of new Set(files.map(({ name }) => dirname(join(final, name))))) {
      if (log.settled.has(folder)) continue;
      await makeFolders(log.fs, folder, parents);
      for (let at = folder; at.length >= final.length; at = dirname(at)) parents.add(dirname(at));
      log.settled.add(folder);
    }
  }
  await syncFolders(log.fs, parents);
}

async function give(log: Log, from: string, to: string): Promise<void> {
  if ((await log.fs.size(to)) !== undefined) throw (await isOvertaken(log)) ? claimLost(log.request) : altered(`${to} is there although no group that names it was committed`);
  await log.fs.rename(from, to).catch(async (error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
    // Another run may be bringing the same file there, or have fenced this one.
    if ((await log.fs.size(to)) === undefined) throw (await isOvertaken(log)) ? claimLost(log.request) : altered(`${to} has gone`);
  });
  log.dirty.add(dirname(to));
}

async function isOvertaken(log: Log): Promise<boolean> {
  const numbers = await listManifests(log.fs, log.request.folder);
  // Whoever took over may have finished, and forgotten everything.
  return numbers.some((number) => number > log.manifest) || !numbers.includes(log.manifest);
}

function altered(what: string): Error {
  return jobError("R0157", what, "run with --fresh to start over, or bring the output back to what it was");
}

/** Every file that a run committed is under its final name, as large as it was. */
async function verifyOutputs(log: Log): Promise<void> {
  const { regionOf } = log.request;
  for (const [output, { final, extension }] of log.header.outputs.entries()) {
    if (log.state.published) return;
    const { files, digest } = log.state.outputs[output];
    const found = await digestFolder(log.fs, final, extension, finalsOf(log.header.outputs), (group, part) => group < (log.state.regions[regionOf(output, part)]?.groups ?? 0));
    if (found.files !== files) throw altered(`${final} holds ${found.files} of the ${files} files that were committed`);
    if (found.digest !== digest) throw altered(`${final} holds files whose sizes are not those that were committed`);
  }
}

async function append(log: Log, line: ManifestLine): Promise<void> {
  const text = printLine(line);
  await log.fs.append(manifestPath(log.request.folder, log.manifest), text);
  log.length += Buffer.byteLength(text);
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

/** For good: one that came back after a power cut would be taken for the last. */
async function removeManifests({ fs, request }: Log, before: number): Promise<void> {
  const old = (await listManifests(fs, request.folder)).filter((number) => number < before);
  for (const number of old) await fs.remove(manifestPath(request.folder, number));
  if (old.length > 0) await fs.sync(request.folder);
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
    forget: () => whole(log, () => forget(log)),
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

/** Appended, synced, and counted. Folded first: what is out of turn must not come into the manifest. */
async function record(log: Log, line: ManifestLine): Promise<void> {
  const state = foldLine(log.state, line);
  await append(log, line);
  await log.fs.syncData(manifestPath(log.request.folder, log.manifest));
  log.state = state;
}

async function release(log: Log): Promise<void> {
  const { state, fs, header } = log;
  if (state.published || (await isOvertaken(log))) return;
  if (!log.isBroken) {
    const isEmpty = state.clearing === undefined && state.regions.every(({ groups }) => groups === 0);
    if (isEmpty) return forgetAll(log);
    // Whatever is committed was renamed.
    for (const { staging } of header.outputs) await fs.removeFolder(`${staging}${log.epoch}`);
  }
  log.isBroken = true;
  await append(log, { kind: "released" });
}

async function clear(log: Log, files: readonly (readonly string[])[]): Promise<void> {
  const { fs, header } = log;
  const names = log.state.clearing ?? files;
  if (log.state.clearing === undefined && names.some((list) => list.length > 0)) await record(log, { kind: "clearing", files: names });
  for (const [output, list] of names.entries()) if (list.length > 0) await moveAway(fs, header.outputs[output], log.epoch, list, log.dirty);
  await syncFolders(fs, log.dirty);
  await record(log, { kind: "cleared" });
  for (const [output, list] of names.entries()) if (list.length > 0) await fs.removeFolder(join(`${header.outputs[output].staging}${log.epoch}`, ".old"));
}

async function commit(log: Log, group: GroupRecord): Promise<void> {
  await record(log, group);
  await prepareFolders(log, group);
  for (const { output, files } of group.outputs) {
    const { staging, final } = log.header.outputs[output];
    for (const { name } of files) await give(log, join(`${staging}${log.epoch}`, name), join(final, name));
  }
  if (log.length > COMPACT_BYTES) await compact(log);
}

/** Manifests that have grown so large begin anew with a base. */
const COMPACT_BYTES = 256 * 1024;

async function compact(log: Log): Promise<void> {
  const { fs, request } = log;
  await syncFolders(fs, log.dirty);
  const previous = { manifest: log.manifest, length: log.length };
  const number = log.manifest + 1;
  if (!(await fs.create(manifestPath(request.folder, number)))) throw claimLost(request);
  log.manifest = number;
  log.length = 0;
  log.header = { ...log.header, previous };
  await append(log, { kind: "owner", owner: request.owner });
  await append(log, log.header);
  await append(log, { kind: "base", state: log.state });
  await fs.sync(manifestPath(request.folder, number));
  await fs.sync(request.folder);
  if (await isOvertaken(log)) throw claimLost(request);
  await removeManifests(log, number);
}

async function forget(log: Log): Promise<void> {
  await syncFolders(log.fs, log.dirty);
  await record(log, { kind: "published" });
  await forgetAll(log);
}

async function forgetAll(log: Log): Promise<void> {
  const { fs, request, header } = log;
  for (const { staging, dead, final, isTemporary } of header.outputs) {
    for (const number of await epochsOf(fs, dead)) if (number < log.epoch) await fs.removeFolder(`${dead}${number}`);
    // By way of our staging folder: one who was fenced must not take it from those who go on.
    if (isTemporary && (await fs.list(final)) !== undefined) await fs.rename(final, join(`${staging}${log.epoch}`, ".parts"));
    await fs.removeFolder(`${staging}${log.epoch}`);
  }
  for (const { name } of log.state.keys) await fs.remove(join(request.folder, name));
  await removeManifests(log, log.manifest);
  await removeManifests(log, log.manifest + 1);
  await fs.removeEmptyFolder(request.folder);
}
