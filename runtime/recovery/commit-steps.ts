/**
 * The steps of the commit protocol, once a log is open: each leaves the disk so that whoever comes after a crash in the
 * middle of it finds his way. What they are for stands in `commit-log.ts`.
 */
import { dirname, join } from "node:path";
import { jobError } from "../contract/failures.ts";
import { foldLine, hasBegun } from "./commit-state.ts";
import { hasCode } from "./file-system.ts";
import type { FileSystem } from "./file-system.ts";
import { listManifests, manifestPath } from "./manifest-files.ts";
import { printLine } from "./manifest.ts";
import type { CommitState, GroupRecord, Header, LogOutput, ManifestLine, Owner, StagedFile } from "./manifest.ts";
import { makeFolders, syncFolders } from "./output-files.ts";
import type { DirtyFolders } from "./output-files.ts";
import { verifyOutput } from "./verify-output.ts";

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
  /**
   * Whether to begin anew where the earlier run has finished, or has committed nothing: its files are cleared away as
   * those of any finished run.
   */
  readonly renew: boolean;
  readonly isAlive: (owner: Owner, manifest: string) => Promise<boolean>;
  /** Throws where the run found may not be gone on with. */
  readonly check: (header: Header) => void;
  /** Told of an output whose files must be read, to know whether they are as they were. */
  readonly onDoubt?: (place: string) => void;
  /** A moment for a process that is just claiming. */
  readonly pause: () => Promise<void>;
}

export interface Log {
  readonly fs: FileSystem;
  readonly request: OpenRequest;
  readonly epoch: number;
  manifest: number;
  length: number;
  /** Length of the manifest with its base and nothing after it. */
  baseLength: number;
  header: Header;
  state: CommitState;
  readonly dirty: DirtyFolders;
  /** Final folders whose own entries are synced. */
  readonly settled: Set<string>;
  /** After an error nobody knows what stands in the manifest: whoever opens it next finds out. */
  isBroken: boolean;
}

export function claimLost(request: OpenRequest): Error {
  return jobError("R0158", `another run of this pipeline has taken over the checkpoint ${request.folder}`, "let only one run of a pipeline work at a time");
}

export async function epochsOf(fs: FileSystem, prefix: string): Promise<readonly number[]> {
  const start = prefix.slice(dirname(prefix).length + 1);
  const entries = (await fs.list(dirname(prefix))) ?? [];
  return entries.flatMap(({ name }) => (name.startsWith(start) && /^\d+$/.test(name.slice(start.length)) ? [Number(name.slice(start.length))] : []));
}

export function finalsOf(outputs: readonly LogOutput[]): ReadonlySet<string> {
  return new Set(outputs.map(({ final }) => final));
}

/** Into our staging folder, and so never by one who was fenced. */
export async function moveAway(fs: FileSystem, { staging, final }: LogOutput, epoch: number, names: readonly string[], dirty: DirtyFolders): Promise<void> {
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
export async function rollForward(log: Log, record: GroupRecord): Promise<void> {
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

export async function isOvertaken(log: Log): Promise<boolean> {
  const numbers = await listManifests(log.fs, log.request.folder);
  // Whoever took over may have finished, and forgotten everything.
  return numbers.some((number) => number > log.manifest) || !numbers.includes(log.manifest);
}

export function altered(what: string): Error {
  return jobError("R0157", what, "run with --fresh to start over, or bring the output back to what it was");
}

/** Every file that a run committed is under its final name, as it was. `committedMs`: when that run last stirred. */
export async function verifyOutputs(log: Log, committedMs: number): Promise<void> {
  const { regionOf, onDoubt } = log.request;
  if (log.state.published) return;
  const others = finalsOf(log.header.outputs);
  for (const [output, { final, extension }] of log.header.outputs.entries()) {
    const isCommitted = (group: number, part: number): boolean => group < (log.state.regions[regionOf(output, part)]?.groups ?? 0);
    const found = await verifyOutput(log.fs, { final, extension, others, isCommitted, committedMs, ...(onDoubt === undefined ? {} : { onDoubt }) }, log.state.outputs[output]);
    if (found.kind === "altered") throw altered(found.what);
    // Times that differ are those from now on: the files need not be read again.
    log.state = { ...log.state, outputs: log.state.outputs.map((state, index) => (index === output && state.contents !== undefined ? { ...state, times: found.times } : state)) };
  }
}

export async function append(log: Log, line: ManifestLine): Promise<void> {
  const text = printLine(line);
  await log.fs.append(manifestPath(log.request.folder, log.manifest), text);
  log.length += Buffer.byteLength(text);
}

/** For good: one that came back after a power cut would be taken for the last. */
export async function removeManifests({ fs, request }: Log, before: number): Promise<void> {
  const old = (await listManifests(fs, request.folder)).filter((number) => number < before);
  for (const number of old) await fs.remove(manifestPath(request.folder, number));
  if (old.length > 0) await fs.sync(request.folder);
}

/** Appended, synced, and counted. Folded first: what is out of turn must not come into the manifest. */
export async function record(log: Log, line: ManifestLine): Promise<void> {
  const state = foldLine(log.state, line);
  await append(log, line);
  await log.fs.syncData(manifestPath(log.request.folder, log.manifest));
  log.state = state;
}

export async function release(log: Log): Promise<void> {
  const { state, fs, header } = log;
  if (await isOvertaken(log)) return;
  if (state.published) return append(log, { kind: "released" });
  if (!log.isBroken) {
    if (!hasBegun(state)) return vanish(log);
    // Whatever is committed was renamed.
    for (const { staging } of header.outputs) await fs.removeFolder(`${staging}${log.epoch}`);
  }
  log.isBroken = true;
  await append(log, { kind: "released" });
}

export async function clear(log: Log, files: readonly (readonly string[])[]): Promise<void> {
  const { fs, header } = log;
  const names = log.state.clearing ?? files;
  if (log.state.clearing === undefined && names.some((list) => list.length > 0)) await record(log, { kind: "clearing", files: names });
  for (const [output, list] of names.entries()) if (list.length > 0) await moveAway(fs, header.outputs[output], log.epoch, list, log.dirty);
  await syncFolders(fs, log.dirty);
  await record(log, { kind: "cleared" });
  for (const [output, list] of names.entries()) if (list.length > 0) await fs.removeFolder(join(`${header.outputs[output].staging}${log.epoch}`, ".old"));
}

export async function commit(log: Log, group: GroupRecord): Promise<void> {
  await record(log, group);
  await prepareFolders(log, group);
  for (const { output, files } of group.outputs) {
    const { staging, final } = log.header.outputs[output];
    for (const { name } of files) await give(log, join(`${staging}${log.epoch}`, name), join(final, name));
  }
  if (log.length > Math.max(COMPACT_BYTES, 2 * log.baseLength)) await compact(log);
}

/** Manifests that have grown so large, and twice as large as what they began with, begin anew with a base. */
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
  await append(log, { kind: "owner", owner: request.owner, run: log.header.run });
  await append(log, log.header);
  await append(log, { kind: "base", state: log.state });
  log.baseLength = log.length;
  await fs.sync(manifestPath(request.folder, number));
  await fs.sync(request.folder);
  if (await isOvertaken(log)) throw claimLost(request);
  await removeManifests(log, number);
}

export async function forget(log: Log, wholes: readonly (StagedFile | null)[]): Promise<void> {
  await syncFolders(log.fs, log.dirty);
  await record(log, { kind: "published", wholes });
  await forgetAll(log);
}

/** Nothing was committed: as if the run had never been. */
async function vanish(log: Log): Promise<void> {
  await forgetAll(log);
  await removeManifests(log, log.manifest + 1);
  await log.fs.removeEmptyFolder(log.request.folder);
}

export async function forgetAll(log: Log): Promise<void> {
  const { fs, request, header } = log;
  for (const { staging, dead, final, isTemporary } of header.outputs) {
    for (const number of await epochsOf(fs, dead)) if (number < log.epoch) await fs.removeFolder(`${dead}${number}`);
    // By way of our staging folder: one who was fenced must not take it from those who go on.
    if (isTemporary && (await fs.list(final)) !== undefined) await fs.rename(final, join(`${staging}${log.epoch}`, ".parts"));
    await fs.removeFolder(`${staging}${log.epoch}`);
  }
  for (const { name } of log.state.keys) await fs.remove(join(request.folder, name));
  await removeManifests(log, log.manifest);
}
