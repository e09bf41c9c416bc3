/** Notices that a file in use was written to. One that was renamed over is another file: who has the old one open keeps it. */
import { statSync } from "node:fs";
import type { Stats } from "node:fs";

export interface FileWatch {
  readonly file: string;
  /** Whether another file, or other contents, are there now. */
  readonly isReplaced: () => boolean;
  /** Whether the file that was there at first has other contents now. */
  readonly isWritten: () => boolean;
}

/** From now on. Undefined where no file is there, or none that can be looked at. */
export function watchFile(file: string): FileWatch | undefined {
  const first = statFile(file);
  if (first?.isFile() !== true) return undefined;
  return {
    file,
    isReplaced: () => {
      const now = statFile(file);
      return now === undefined || !isSameFile(now, first) || !hasSameTimes(now, first);
    },
    isWritten: () => {
      const now = statFile(file);
      return now !== undefined && isSameFile(now, first) && !hasSameTimes(now, first);
    },
  };
}

/** Whatever keeps it from being looked at (a share that is gone, a folder that was closed) is no row's fault. */
function statFile(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function hasSameTimes(one: Stats, other: Stats): boolean {
  return one.size === other.size && one.mtimeMs === other.mtimeMs;
}
