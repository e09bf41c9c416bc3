/**
 * From the path a user gives (a file, a folder, or a glob) to the files it means, in code unit order of their
 * paths, so that every machine sees the same order.
 */
import { statSync } from "node:fs";
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { JobError } from "../../runtime/contract/kernel.ts";
import type { Split } from "../../runtime/contract/kernel.ts";
import { SUCCESS_MARK } from "../../runtime/contract/success-mark.ts";
import { describeFileError } from "./file-error.ts";
import { FILES_OPEN_MAX, mapLimited } from "./map-limited.ts";
import { walkFolder } from "./walk-folder.ts";
import type { Selection } from "./walk-folder.ts";

export interface InputFile extends Split {
  /** The place on this machine. */
  readonly file: string;
  /** Relative to the folder (or the fixed part of the glob) that the user named. */
  readonly name: string;
}

/** Files on a page of a list, the last page excepted. */
export const PAGE_FILES = 4096;

/** What a file takes where the system has its entry in memory, with room to spare; a disk or a network takes longer. */
const QUICK_MS = 0.05;

/** Which files of a folder count; those that the user names one by one or by a glob are taken whatever they are called. */
export interface Wanted {
  /** With dots, in lower case. */
  readonly extensions?: readonly string[];
  /** Whether names that begin with `_` count: a camera's pictures do, what lies beside tables (`_errors.jsonl`) does not. */
  readonly takesUnderscored: boolean;
}

/** Names below `base`, in order. */
interface Found {
  readonly base: string;
  readonly runs: AsyncIterable<readonly string[]> | Iterable<readonly string[]>;
}

/** Files that hold tables. No file at all is a JobError. */
export async function listTables(path: string, extensions: readonly string[]): Promise<readonly InputFile[]> {
  const files: InputFile[] = [];
  for await (const page of listPages(path, { extensions, takesUnderscored: false })) files.push(...page);
  return files;
}

/** Any files, a page at a time, for who does not keep them all. No file at all is a JobError. */
export async function* listPages(path: string, wanted: Wanted): AsyncGenerator<readonly InputFile[]> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
    throw new JobError("R0144", `${path}: only files on this machine can be read`, "copy the data here first, or mount it as a folder");
  }
  const asPattern = await isPattern(path);
  const { base, runs } = asPattern ? await findByPattern(path) : await findPlain(path, wanted);
  let [count, isQuick] = [0, true];
  for await (const names of cutPages(runs)) {
    const files = names.map((name) => (base === "" ? name : join(base, name)));
    const begun = performance.now();
    const stats = isQuick ? files.map(statAtOnce) : await mapLimited(files, FILES_OPEN_MAX, statLater);
    isQuick &&= performance.now() - begun < QUICK_MS * files.length;
    count += files.length;
    yield files.map((file, index) => describeFile(file, base === "" ? basename(file) : names[index], stats[index]));
  }
  if (count > 0) return;
  const kinds = wanted.extensions === undefined ? "" : `${wanted.extensions.join(", ")} `;
  throw new JobError("R0145", asPattern ? `${path} matches no file` : `${path} has no ${kinds}files to read`);
}

/** What is there under just this name is no pattern: `photos (1)`, `a[0].jsonl`. */
async function isPattern(path: string): Promise<boolean> {
  return (await loadGlobs()).isGlob(path) && !(await exists(path));
}

/** Loaded by who lists files: each of a program's threads loads the whole program. */
function loadGlobs(): Promise<typeof import("./select-by-glob.ts")> {
  return import("./select-by-glob.ts");
}

async function findByPattern(pattern: string): Promise<Found> {
  const { selectByGlob, splitGlob } = await loadGlobs();
  const root = pattern.startsWith("/") ? "/" : "";
  const parts = splitGlob(pattern);
  const first = (count: number): string => `${root}${parts.slice(0, count).join("/")}`;
  let fixed = 0;
  while (fixed < parts.length - 1 && !(await isPattern(first(fixed + 1)))) fixed++;
  const base = first(fixed) || ".";
  return { base, runs: walkFolder(base, selectByGlob(parts.slice(fixed))) };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}

async function findPlain(path: string, wanted: Wanted): Promise<Found> {
  const found = await statLater(path);
  if (found.isFile()) return { base: "", runs: [[path]] };
  if (!found.isDirectory()) throw new JobError("R0141", `${path} is a pipe or a device: it cannot be read again from any row, as a file can`, "write the data to a file first");
  return { base: path, runs: walkFolder(path, selectByName(wanted)) };
}

/** Not what is hidden, nor what earlier runs left. */
function selectByName({ extensions, takesUnderscored }: Wanted): Selection {
  return {
    takesFile: (path) => {
      const name = basename(path);
      if (name.startsWith(".") || name === SUCCESS_MARK || (name.startsWith("_") && !takesUnderscored)) return false;
      return extensions === undefined || extensions.includes(extname(name).toLowerCase());
    },
    entersFolder: (path) => !/^[._]/.test(basename(path)),
  };
}

async function* cutPages(runs: Found["runs"]): AsyncGenerator<readonly string[]> {
  let page: string[] = [];
  for await (const run of runs) {
    for (const name of run) {
      page.push(name);
      if (page.length < PAGE_FILES) continue;
      yield page;
      page = [];
    }
  }
  if (page.length > 0) yield page;
}

/** A third of the work that a call through another thread is, and no slower where nothing is waited for. */
function statAtOnce(file: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    throw describeFileError(error, file);
  }
}

async function statLater(file: string): Promise<Stats> {
  return stat(file).catch((error: unknown) => {
    throw describeFileError(error, file);
  });
}

function describeFile(file: string, name: string, { size, mtimeMs }: Stats): InputFile {
  return { file, name, path: file, bytes: size, modifiedMs: Math.floor(mtimeMs) };
}
