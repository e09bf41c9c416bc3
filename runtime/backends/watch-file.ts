/** Notices that a file in use was written to. One that was renamed over is another file: who has the old one open keeps it. */
import { statSync } from "node:fs";
import type { Stats } from "node:fs";

/** Tells a file, with what is in it, from another one. */
export type FileMark = Pick<Stats, "dev" | "ino" | "size" | "mtimeMs">;

export interface FileWatch {
  readonly file: string;
  /** Whether another file, or other contents, are there now. */
  readonly isReplaced: () => boolean;
  /** Whether the file that was there at first has other contents now. */
  readonly isWritten: () => boolean;
}

/** From now on. Undefined where no file is there, or none that can be looked at. */
export function watchFile(file: string): FileWatch | undefined {
  const first = markFile(file);
  if (first === undefined) return undefined;
  return {
    file,
    isReplaced: () => !isMarked(file, first),
    isWritten: () => {
      const now = markFile(file);
      return now !== undefined && isSameFile(now, first) && !hasSameTimes(now, first);
    },
  };
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

export function isMarked(file: string, mark: FileMark): boolean {
  const now = markFile(file);
  return now !== undefined && isSameFile(now, mark) && hasSameTimes(now, mark);
}

function isSameFile(one: FileMark, other: FileMark): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function hasSameTimes(one: FileMark, other: FileMark): boolean {
  return one.size === other.size && one.mtimeMs === other.mtimeMs;
}
