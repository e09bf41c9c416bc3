/** Streams a rope to a file, so that models of gigabytes are written in little memory; nothing half-written is left. */
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { writeRope, type Rope } from "../onnx/rope.ts";
import { describeFileFault } from "./file-fault.ts";
import { reportNowhere } from "./report.ts";

/** Writes the file or says why it could not be; `shown` is the name to use in messages. */
export function writeRopeFile(path: string, shown: string, rope: Rope): Diagnostic | undefined {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const descriptor = openSync(beside, "w");
    try {
      writeRope(rope, (bytes) => {
        for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
      });
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, path);
    return undefined;
  } catch (error) {
    rmSync(beside, { force: true });
    return reportNowhere(buildCodes.unwritable, { file: shown, what: describeFileFault(error) });
  }
}
