/**
 * Where a sink's files go, and the rules of replacing. Files are written whole in a hidden folder on the target's disk
 * and renamed when the run has finished, so that nothing half-written is ever seen under a final name.
 *
 * A folder belongs to the pipeline whose `_SUCCESS` file in it lists the files; a later run of the same pipeline
 * replaces just those. Names that start with "_" or "." are no data and never in the way. A single file is replaced.
 */
import { statSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { jobError } from "../contract/failures.ts";
import { isAddress } from "../contract/program-folder.ts";
import { SUCCESS_MARK } from "../contract/success-mark.ts";
import { hasProcess } from "./owner.ts";
import { syncPath, writing } from "./sync-file.ts";

export interface OutputTarget {
  /** As the user wrote it. */
  readonly path: string;
  readonly kind: "folder" | "file";
  readonly extension: string;
  /** The hidden folder that files are written in, by its full path. */
  readonly staging: string;
  /** Groups are committed as they come: of a single file the rows are kept until it can be made whole. */
  readonly isKept: boolean;
}

/** Which pipeline owns a folder's files. */
export interface Owner {
  readonly program: string;
  readonly pipeline: string;
}

/** A path that ends in the format's extension is one file, any other a folder of files. */
export function describeTarget(path: string, extension: string): OutputTarget {
  if (isAddress(path)) throw jobError("R0144", `${path}: only places on this machine can be written`);
  const kind = path.toLowerCase().endsWith(`.${extension}`) ? "file" : "folder";
  return { path, kind, extension, staging: `${hiddenPath(resolve(path), "staging")}-${process.pid}`, isKept: false };
}

/**
 * Where something hidden of an output lies: beside it, so that a rename brings it to its place; within a folder that is
 * another disk than what it lies in (a mounted volume, or a link to one).
 */
export function hiddenPath(full: string, what: string): string {
  return isOtherDisk(full) ? join(full, `.pipec-${what}`) : join(dirname(full), `.pipec-${what}-${basename(full)}`);
}

function isOtherDisk(full: string): boolean {
  try {
    const found = statSync(full);
    return found.isDirectory() && found.dev !== statSync(dirname(full)).dev;
  } catch {
    // It is not there, or what stands in its way is told of when it is opened.
    return false;
  }
}

export interface Mark extends Owner {
  readonly files: readonly string[];
}

/** What a folder holds may be replaced where its mark says so, or this. */
export interface Claims {
  /** Files of the target's kind, whoever wrote them. */
  readonly overwrite: boolean;
  /** Full paths of the run's outputs, which may lie within this one and look after themselves. */
  readonly others: ReadonlySet<string>;
  /** Where there is no mark: names of files that this pipeline is known to have written. */
  readonly isOwn?: (name: string) => boolean;
}

/** Refuses targets that hold what is not ours to replace. Changes nothing. */
export async function checkTarget(target: OutputTarget, owner: Owner, { overwrite, others, isOwn }: Claims): Promise<void> {
  const full = resolve(target.path);
  const found = await stat(full).catch(() => undefined);
  if (found === undefined) return;
  if (target.kind === "file") {
    if (found.isDirectory()) throw jobError("R0151", `${target.path} is a folder, but its name asks for one file`);
    return;
  }
  if (!found.isDirectory()) throw jobError("R0151", `${target.path} is a file, a folder is wanted`, `give a path that ends in .${target.extension} to write one file`);
  const mark = await readMark(full);
  const ours = new Set(mark !== undefined && mark.program === owner.program && mark.pipeline === owner.pipeline ? mark.files : []);
  const foreign = (await listFiles(full, others)).find((file) => !ours.has(file) && !(mark === undefined && isOwn?.(file) === true));
  if (foreign !== undefined && !(overwrite && foreign.endsWith(`.${target.extension}`))) {
    const fix = overwrite ? `--overwrite replaces .${target.extension} files only; move this one away or choose another folder` : "choose another folder, or pass --overwrite";
    throw jobError("R0150", `${target.path} holds ${foreign}, and nothing there says that this pipeline wrote it`, fix);
  }
}

/**
 * Makes the staging folder, and clears away those that killed runs left. Gives the outermost folder that had to be
 * made for it, for `discard`.
 */
export async function openStaging(target: OutputTarget): Promise<string | undefined> {
  return writing(target.path, async () => {
    const made = await mkdir(dirname(target.staging), { recursive: true });
    await removeDeadStaging(target);
    await rm(target.staging, { recursive: true, force: true });
    await mkdir(target.staging);
    return made;
  });
}

async function removeDeadStaging(target: OutputTarget): Promise<void> {
  const folder = dirname(target.staging);
  const prefix = basename(target.staging).replace(/\d+$/, "");
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : NaN;
    if (Number.isInteger(pid) && !hasProcess(pid)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** What goes for a folder's new files: those of its mark or, to `overwrite`, all of its kind but the run's other outputs. */
export interface Replaced {
  readonly overwrite: boolean;
  readonly others: ReadonlySet<string>;
}

/** Renames the staged files, names relative to target, to their final places; what an earlier run left goes first. */
export async function publish(target: OutputTarget, owner: Owner, files: readonly string[], replaced: Replaced): Promise<void> {
  await writing(target.path, async () => {
    if (target.kind === "file") await publishFile(target);
    else await publishFolder(target, owner, files, replaced);
    await rm(target.staging, { recursive: true, force: true });
  });
}

async function publishFile(target: OutputTarget): Promise<void> {
  const full = resolve(target.path);
  await rename(join(target.staging, basename(full)), full);
  await syncPath(dirname(full));
}

async function publishFolder(target: OutputTarget, owner: Owner, files: readonly string[], { overwrite, others }: Replaced): Promise<void> {
  const full = resolve(target.path);
  await mkdir(full, { recursive: true });
  const kept = new Set(files);
  const mark = await readMark(full);
  const old = overwrite ? (await listFiles(full, others)).filter((file) => file.endsWith(`.${target.extension}`)) : (mark?.files ?? []);
  // The mark goes first: a folder whose files are being replaced is not a finished one.
  await rm(join(full, SUCCESS_MARK), { force: true });
  for (const file of old) if (!kept.has(file)) await removeFile(full, file);
  const folders = new Set<string>([full]);
  for (const file of files) {
    const final = join(full, file);
    await mkdir(dirname(final), { recursive: true });
    await rename(join(target.staging, file), final);
    folders.add(dirname(final));
  }
  for (const folder of folders) await syncPath(folder);
  const next: Mark = { ...owner, files };
  await writeFile(join(target.staging, SUCCESS_MARK), `${JSON.stringify(next, undefined, 2)}\n`);
  await syncPath(join(target.staging, SUCCESS_MARK));
  await rename(join(target.staging, SUCCESS_MARK), join(full, SUCCESS_MARK));
  await syncPath(full);
}

/** Removes a file of the folder, and folders that this leaves empty. */
async function removeFile(root: string, file: string): Promise<void> {
  await rm(join(root, file), { force: true });
  await removeEmptyFolders(dirname(join(root, file)), dirname(root) + sep + basename(root) + sep);
}

/** Removes `folder` and those above it as long as they are empty and their names start with `below`. */
async function removeEmptyFolders(folder: string, below: string): Promise<void> {
  for (let at = folder; at.startsWith(below); at = dirname(at)) {
    const wasEmpty = await rmdir(at).then(() => true, () => false);
    if (!wasEmpty) return;
  }
}

/** Forgets what was staged; `made` is what `openStaging` gave. */
export async function discard(target: OutputTarget, made: string | undefined): Promise<void> {
  await rm(target.staging, { recursive: true, force: true });
  if (made !== undefined) await removeEmptyFolders(dirname(target.staging), made);
}

export async function readMark(folder: string): Promise<Mark | undefined> {
  const text = await readFile(join(folder, SUCCESS_MARK), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return parseMark(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Only names that stay inside the folder: what stands there decides what is deleted. */
function parseMark(value: unknown): Mark | undefined {
  if (typeof value !== "object" || value === null || !("program" in value) || !("pipeline" in value) || !("files" in value)) return undefined;
  const { program, pipeline, files } = value;
  if (typeof program !== "string" || typeof pipeline !== "string" || !Array.isArray(files)) return undefined;
  const names = files.filter((file): file is string => typeof file === "string" && !file.startsWith("/") && !file.split(/[\\/]/).includes(".."));
  return { program, pipeline, files: names };
}

/** Data files below a folder, relative to it with "/", in order; without the full paths `except` and what lies in them. */
export async function listFiles(root: string, except: ReadonlySet<string>, under = ""): Promise<readonly string[]> {
  const entries = await readdir(join(root, under), { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith("_") || entry.name.startsWith(".")) continue;
    const name = under === "" ? entry.name : `${under}/${entry.name}`;
    if (except.has(join(root, name))) continue;
    if (!entry.isDirectory()) files.push(name);
    else for (const file of await listFiles(root, except, name)) files.push(file);
  }
  return files;
}
