/** What a failed file operation means to a user. */
import { lstatSync } from "node:fs";
import { JobError } from "../../runtime/contract/kernel.ts";

/** One clear message for an error of `node:fs` on `path`. */
export function describeFileError(error: unknown, path: string): JobError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
      return new JobError("R0140", `${path} ${isLink(path) ? "is a link to something that does" : "does"} not exist`);
    case "EACCES":
    case "EPERM":
      return new JobError("R0140", `${path} may not be read: permission denied`);
    case "EISDIR":
      return new JobError("R0140", `${path} is a folder, a file is wanted`);
    case "ENOTDIR":
      return new JobError("R0140", `${path} leads through something that is not a folder`);
    default:
      return new JobError("R0140", `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
