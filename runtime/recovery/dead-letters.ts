/**
 * Rows set aside: JSON lines that say where each came from, at which step it failed, and why. In row order of each
 * source, one source after the other, whatever order failures became known in.
 */
import { appendFile, readFile, rename, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Split } from "../contract/kernel.ts";
import { compareFailures } from "../contract/row-failure.ts";
import type { RowFailure } from "../contract/row-failure.ts";
import type { OutputTarget } from "./output-target.ts";
import { syncPath, writing } from "./sync-file.ts";

export interface DeadLetterFile {
  /** The failures of one chunk; chunks of a region come in order. */
  readonly write: (region: number, failures: readonly RowFailure[]) => void;
  /** Names of the files written, relative to the target: none where nothing failed and a folder is the target. */
  readonly close: () => Promise<readonly string[]>;
}

export function openDeadLetters(target: OutputTarget, splitsOf: (region: number) => readonly Split[]): DeadLetterFile {
  const regions = new Map<number, string>();
  let last: Promise<void> = Promise.resolve();
  return {
    write: (region, failures) => {
      if (failures.length === 0) return;
      const file = join(target.staging, `.region-${region}`);
      regions.set(region, file);
      const lines = [...failures].sort(compareFailures).map((failure) => `${JSON.stringify(deadLetter(failure, splitsOf(region)))}\n`);
      last = last.then(() => writing(target.path, () => appendFile(file, lines.join(""))));
      // Looked at when the file is closed.
      last.catch(() => {});
    },
    close: async () => {
      await last;
      const parts = [...regions.entries()].sort(([a], [b]) => a - b).map(([, file]) => file);
      return writing(target.path, () => (target.kind === "file" ? joinParts(target, parts) : nameParts(target, parts)));
    },
  };
}

async function joinParts(target: OutputTarget, parts: readonly string[]): Promise<readonly string[]> {
  const name = basename(resolve(target.path));
  const file = join(target.staging, name);
  await appendFile(file, "");
  for (const part of parts) {
    await appendFile(file, await readFile(part));
    await rm(part);
  }
  await syncPath(file);
  return [name];
}

async function nameParts(target: OutputTarget, parts: readonly string[]): Promise<readonly string[]> {
  const names = parts.map((_, index) => `part-${String(index).padStart(5, "0")}.jsonl`);
  for (const [index, part] of parts.entries()) {
    await syncPath(part);
    await rename(part, join(target.staging, names[index]));
  }
  return names;
}

function deadLetter(failure: RowFailure, splits: readonly Split[]): object {
  const { step, at, message, place, row, split } = failure;
  return { file: splits[split]?.path ?? "", place, row, step, at: `${at.file}:${at.line}:${at.column}`, message };
}
