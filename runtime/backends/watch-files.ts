/** Notices that files in use were written to. One that was renamed over is another file: who has the old one open keeps it. */
import { statSync } from "node:fs";
import type { Stats } from "node:fs";

/** Tells a file, with what is in it, from another one. */
export type FileMark = Pick<Stats, "dev" | "ino" | "size" | "mtimeMs">;

/** Files as they were found, by path. */
export type FileMarks = Readonly<Record<string, FileMark>>;

export interface FilesWatch {
  /** A file in whose place another one, or other contents, are now. */
  readonly findReplaced: () => string | undefined;
  /** A file that was there at first and has other contents now. */
  readonly findWritten: () => string | undefined;
}

/** From now on. */
export function watchFiles(files: readonly string[]): FilesWatch {
  const marks = markFiles(files);
  return {
    findReplaced: () => findReplaced(marks),
    findWritten: () => Object.keys(marks).find((file) => {
      const [first, now] = [marks[file], markFile(file)];
      return now !== undefined && isSameFile(now, first) && !hasSameTimes(now, first);
    }),
  };
}

/** Those of them that are there. */
export function markFiles(files: readonly string[]): FileMarks {
  return Object.fromEntries(files.flatMap((file): [string, FileMark][] => {
    const mark = markFile(file);
    return mark === undefined ? [] : [[file, mark]];
  }));
}

/** A file that is not what it was when it was marked. */
export function findReplaced(marks: FileMarks): string | undefined {
  return Object.keys(marks).find((file) => {
    const now = markFile(file);
    return now === undefined || !isSameFile(now, marks[file]) || !hasSameTimes(now, marks[file]);
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
