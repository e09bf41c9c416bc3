/**
 * Rows set aside: JSON lines that say where each came from, at which step it failed, and why. In row order of each
 * source, one source after the other, whatever order failures became known in. Where groups are committed as they come,
 * each group of a source has a file of its own.
 */
import { createReadStream } from "node:fs";
import { appendFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Split } from "../contract/kernel.ts";
import { compareFailures } from "../contract/row-failure.ts";
import type { RowFailure } from "../contract/row-failure.ts";
import type { StagedFile } from "./manifest.ts";
import type { OutputTarget } from "./output-target.ts";
import { settleFiles } from "./settle-files.ts";
import { syncPath, writing } from "./sync-file.ts";

export interface DeadLetterFile {
  /** The failures of one chunk; chunks of a region come in order. */
  readonly write: (region: number, failures: readonly RowFailure[]) => void;
  /** No more failures of the group come; the file to commit with it, where one is. */
  readonly endGroup: (region: number, group: number) => Promise<StagedFile | undefined>;
  /** Names of the files written, relative to the target: none where nothing failed and a folder is the target. */
  readonly close: () => Promise<readonly string[]>;
}

/** Files of groups, for a target whose groups are committed as they come. */
export function openKeptLetters(target: OutputTarget, splitsOf: (region: number) => readonly Split[], groupsBefore: (region: number) => number): DeadLetterFile {
  // By region: what comes before the next group ends.
  const waiting = new Map<number, Promise<number>>();
  const groups = new Map<number, number>();
  const nameOf = (region: number, group: number): string => `part-${String(group).padStart(5, "0")}-${String(region).padStart(3, "0")}.${target.extension}`;
  return {
    write: (region, failures) => {
      if (failures.length === 0) return;
      const before = waiting.get(region) ?? Promise.resolve(0);
      const file = join(target.staging, nameOf(region, groups.get(region) ?? groupsBefore(region)));
      const next = before.then(async (size) => size + (await writing(target.path, () => appendLetters(file, failures, splitsOf(region)))));
      next.catch(() => {});
      waiting.set(region, next);
    },
    endGroup: async (region, group) => {
      const written = waiting.get(region);
      waiting.delete(region);
      groups.set(region, group + 1);
      if (written === undefined) return undefined;
      const name = nameOf(region, group);
      const bytes = await written;
      const [file] = await writing(target.path, () => settleFiles(target.staging, [{ name, bytes }], true));
      return file;
    },
    close: async () => [],
  };
}

/** Gives the bytes that came to the file: more, perhaps, than a string or a buffer can hold. */
async function appendLetters(file: string, failures: readonly RowFailure[], splits: readonly Split[]): Promise<number> {
  let bytes = 0;
  const pieces = function* (): Generator<Buffer> {
    for (const piece of printLetters(failures, splits)) {
      const buffer = Buffer.from(piece);
      bytes += buffer.length;
      yield buffer;
    }
  };
  await writeFile(file, pieces(), { flag: "a" });
  return bytes;
}

const PIECE_LENGTH = 2 ** 20;

function* printLetters(failures: readonly RowFailure[], splits: readonly Split[]): Generator<string> {
  let piece = "";
  for (const failure of [...failures].sort(compareFailures)) {
    piece += `${JSON.stringify(deadLetter(failure, splits))}\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

/** Puts whole files behind one another. */
export async function appendFiles(whole: string, parts: readonly string[]): Promise<void> {
  await appendFile(whole, "");
  for (const part of parts) await writeFile(whole, createReadStream(part), { flag: "a" });
}

export function openDeadLetters(target: OutputTarget, splitsOf: (region: number) => readonly Split[]): DeadLetterFile {
  const regions = new Map<number, string>();
  let last: Promise<void> = Promise.resolve();
  return {
    write: (region, failures) => {
      if (failures.length === 0) return;
      const file = join(target.staging, `.region-${region}`);
      regions.set(region, file);
      last = last.then(async () => void (await writing(target.path, () => appendLetters(file, failures, splitsOf(region)))));
      // Looked at when the file is closed.
      last.catch(() => {});
    },
    endGroup: async () => undefined,
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
  await appendFiles(file, parts);
  for (const part of parts) await rm(part);
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
