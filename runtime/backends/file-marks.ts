/** Marks by which files that are in use are known again: whether they were written to, or others were put in their place. */
import { statSync } from "node:fs";
import type { Stats } from "node:fs";

/** Tells a file, with what is in it, from another one. */
export type FileMark = Pick<Stats, "dev" | "ino" | "size" | "mtimeMs">;

/** Files as they were found, by path. */
export type FileMarks = Readonly<Record<string, FileMark>>;

/** Those of them that are there. */
export function markFiles(files: readonly string[]): FileMarks {
  return Object.fromEntries(files.flatMap((file): [string, FileMark][] => {
    const mark = markFile(file);
    return mark === undefined ? [] : [[file, mark]];
  }));
}

/** A file in whose place another one, or other contents, are now. */
export function findReplaced(marks: FileMarks): string | undefined {
  return Object.keys(marks).find((file) => {
    const now = markFile(file);
    return now === undefined || !isSameFile(now, marks[file]) || !hasSameTimes(now, marks[file]);
  });
}

/** A file that is the one that was marked and has other contents now. (One that was renamed over is another: who has the old one open keeps it.) */
export function findWritten(marks: FileMarks): string | undefined {
  return Object.keys(marks).find((file) => {
    const now = markFile(file);
    return now !== undefined && isSameFile(now, marks[file]) && !hasSameTimes(now, marks[file]);
  });
}

/** Undefined where no file is there. Whatever keeps it from being looked at (a share that is gone, a folder that was closed) is no row's fault. */
export function markFile(file: string): FileMark | undefined {
  try {
    const found = statSync(file);
    return found.isFile() ? { dev: found.dev, ino: found.ino, size: found.size, mtimeMs: found.mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

function isSameFile(one: FileMark, other: FileMark): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function hasSameTimes(one: FileMark, other: FileMark): boolean {
  return one.size === other.size && one.mtimeMs === other.mtimeMs;
}
