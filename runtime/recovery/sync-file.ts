/** Files and folders forced to disk, and what a failed write means to a user. */
import { open } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { jobError } from "../contract/failures.ts";
import { JobError } from "../contract/kernel.ts";

export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Runs a file operation on an output; its failure is the job's, with what can be done about it. */
export async function writing<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw describeWriteError(error, path);
  }
}

function describeWriteError(error: unknown, path: string): Error {
  if (error instanceof JobError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return jobError("R0151", `${path} cannot be written: the disk is full`);
    case "EACCES":
    case "EPERM":
      return jobError("R0151", `${path} may not be written: permission denied`);
    case "EROFS":
      return jobError("R0151", `${path} may not be written: the disk is read-only`);
    case "ENOTDIR":
    case "EEXIST":
      return jobError("R0151", `${path} cannot be written: something on the way to it is a file, not a folder`);
    case undefined:
      return error instanceof Error ? error : new Error(String(error));
    default:
      return jobError("R0151", `${path} cannot be written: ${error instanceof Error ? error.message : code}`);
  }
}

/** Of outputs that are written together: the one that the error is about is named, or else `path`. */
export async function writingAll<T>(path: string, outputs: readonly string[], operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw describeWriteError(error, outputOf(error, outputs) ?? path);
  }
}

function outputOf(error: unknown, outputs: readonly string[]): string | undefined {
  const named = error instanceof Error && "path" in error && typeof error.path === "string" ? resolve(error.path) : undefined;
  if (named === undefined) return undefined;
  const isIn = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}${sep}`);
  const isOwn = (output: string): boolean => {
    const full = resolve(output);
    // Hidden folders of an output stand beside it and bear its name.
    return isIn(named, full) || ["staging", "dead", "parts"].some((what) => named.startsWith(join(dirname(full), `.pipec-${what}-${basename(full)}-`)));
  };
  return outputs.find(isOwn) ?? outputs.find((output) => isIn(resolve(output), named));
}
