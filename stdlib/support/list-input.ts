/**
 * From the path a user gives (a file, a folder, or a glob) to the files it means, in code unit order of their
 * paths, so that every machine sees the same order.
 */
import { stat } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { JobError } from "../../runtime/contract/kernel.ts";
import type { Split } from "../../runtime/contract/kernel.ts";
import { describeFileError } from "./file-error.ts";
import { FILES_OPEN_MAX, mapLimited } from "./map-limited.ts";

export interface InputFile extends Split {
  /** The place on this machine. */
  readonly file: string;
  /** Relative to the folder (or the fixed part of the glob) that the user named. */
  readonly name: string;
}

/**
 * `extensions` (with dots, lower case) say which files of a folder count; files that the user names one by one
 * or by a glob are taken whatever they are called. No file at all is a JobError.
 */
export async function listInput(path: string, extensions: readonly string[] | undefined): Promise<readonly InputFile[]> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
    throw new JobError("R0144", `${path}: only files on this machine can be read`, "copy the data here first, or mount it as a folder");
  }
  const { base, names } = (await isPattern(path)) ? await listGlob(path) : await listPlain(path, extensions);
  if (names.length === 0) throw new JobError("R0145", `${path} has no ${extensions === undefined ? "" : `${extensions.join(", ")} `}files to read`);
  return mapLimited(names, FILES_OPEN_MAX, (name) => describeFile(base, name));
}

/** What is there under just this name is no pattern: `photos (1)`, `a[0].jsonl`. */
async function isPattern(path: string): Promise<boolean> {
  return (await loadGlob()).isDynamicPattern(path) && !(await exists(path));
}

/** Loaded by who lists files: each of a program's threads loads the whole program. */
function loadGlob(): Promise<typeof import("tinyglobby")> {
  return import("tinyglobby");
}

async function listGlob(pattern: string): Promise<{ base: string; names: readonly string[] }> {
  const parts = pattern.split("/");
  let fixed = 0;
  while (fixed < parts.length - 1 && !(await isPattern(parts.slice(0, fixed + 1).join("/")))) fixed++;
  const base = parts.slice(0, fixed).join("/") || (pattern.startsWith("/") ? "/" : ".");
  const { glob } = await loadGlob();
  const names = await glob(parts.slice(fixed).join("/"), { cwd: base, onlyFiles: true });
  return { base, names: byCodeUnit(names) };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}

async function listPlain(path: string, extensions: readonly string[] | undefined): Promise<{ base: string; names: readonly string[] }> {
  const found = await stat(path).catch((error: unknown) => {
    throw describeFileError(error, path);
  });
  if (!found.isDirectory() && !found.isFile()) throw new JobError("R0141", `${path} is a pipe or a device: it cannot be read again from any row, as a file can`, "write the data to a file first");
  if (found.isFile()) return { base: "", names: [path] };
  const { glob } = await loadGlob();
  const all = await glob("**/*", { cwd: path, onlyFiles: true });
  // Hidden files and folders that start with _ are what earlier runs leave (dead letters, checkpoints).
  const visible = all.filter((name) => !name.split("/").some((part) => part.startsWith("_")));
  return { base: path, names: byCodeUnit(visible.filter((name) => extensions === undefined || extensions.includes(extname(name).toLowerCase()))) };
}

function byCodeUnit(names: readonly string[]): readonly string[] {
  return [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

async function describeFile(base: string, name: string): Promise<InputFile> {
  const file = base === "" ? name : join(base, name);
  const found = await stat(file).catch((error: unknown) => {
    throw describeFileError(error, file);
  });
  return { file, name: base === "" ? relative(join(name, ".."), name) : name, path: file, bytes: found.size, modifiedMs: Math.floor(found.mtimeMs) };
}
