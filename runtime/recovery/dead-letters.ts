/** Rows set aside: JSON lines in row order that say where each came from, at which step it failed, and why. */
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { basename, join, resolve } from "node:path";
import type { Split } from "../contract/kernel.ts";
import { compareFailures } from "../contract/row-failure.ts";
import type { RowFailure } from "../contract/row-failure.ts";
import type { OutputTarget } from "./output-target.ts";
import { syncPath, writing } from "./sync-file.ts";

export interface DeadLetterFile {
  /** The failures of one chunk, or of several in row order. */
  readonly write: (failures: readonly RowFailure[]) => void;
  /** Names of the files written, relative to the target: none where nothing failed. */
  readonly close: () => Promise<readonly string[]>;
}

export function openDeadLetters(target: OutputTarget, splitsOf: (failure: RowFailure) => readonly Split[]): DeadLetterFile {
  const name = target.kind === "file" ? basename(resolve(target.path)) : "part-00000.jsonl";
  const file = join(target.staging, name);
  let stream: ReturnType<typeof createWriteStream> | undefined;
  let fault: Error | undefined;
  return {
    write: (failures) => {
      if (failures.length === 0 || fault !== undefined) return;
      if (stream === undefined) {
        stream = createWriteStream(file);
        stream.on("error", (error) => (fault = error));
      }
      stream.write([...failures].sort(compareFailures).map((failure) => `${JSON.stringify(deadLetter(failure, splitsOf(failure)))}\n`).join(""));
    },
    close: () =>
      writing(target.path, async () => {
        if (stream === undefined && target.kind === "folder") return [];
        const open = stream ?? createWriteStream(file);
        open.end();
        if (fault === undefined) await once(open, "close");
        if (fault !== undefined) throw fault;
        await syncPath(file);
        return [name];
      }),
  };
}

function deadLetter(failure: RowFailure, splits: readonly Split[]): object {
  const { step, at, message, place, row, split } = failure;
  return { file: splits[split]?.path ?? "", place, row, step, at: `${at.file}:${at.line}:${at.column}`, message };
}
