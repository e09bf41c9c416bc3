/** Files and folders forced to disk, and what a failed write means to a user. */
import { open } from "node:fs/promises";
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
    case "EROFS":
      return jobError("R0151", `${path} may not be written: permission denied`);
    case "ENOTDIR":
    case "EEXIST":
      return jobError("R0151", `${path} cannot be written: something on the way to it is a file, not a folder`);
    case undefined:
      return error instanceof Error ? error : new Error(String(error));
    default:
      return jobError("R0151", `${path} cannot be written: ${error instanceof Error ? error.message : code}`);
  }
}
