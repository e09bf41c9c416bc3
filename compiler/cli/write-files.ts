/** Writes results so that nothing half-written is ever found under its name: beside first, then renamed. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { describeFileFault } from "./file-fault.ts";
import { reportNowhere } from "./report.ts";

/** Writes all files or says which could not be; `shown` is the name to use in messages. */
export function writeFiles(files: readonly { readonly path: string; readonly shown: string; readonly text: string }[]): Diagnostic | undefined {
  for (const { path, shown, text } of files) {
    const beside = `${path}.${process.pid}.tmp`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(beside, text);
      renameSync(beside, path);
    } catch (error) {
      removeIfThere(beside);
      return reportNowhere(buildCodes.unwritable, { file: shown, what: describeFileFault(error) });
    }
  }
  return undefined;
}

/** `force` forgives a missing file, but not a path that leads through something that is no folder. */
function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing was written there; what went wrong is being reported already.
  }
}
