/** Rows of a commit group set aside on disk by partition, so that memory holds one chunk and one file is open at a time. */
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Row } from "../contract/value.ts";
import { realFiles } from "./file-system.ts";
import { encodeRows, readRows } from "./rows-file.ts";

export interface Spill {
  readonly add: (key: string, rows: readonly Row[]) => Promise<void>;
  readonly keys: () => readonly string[];
  /** The rows of a key in the order they were added, a batch at a time. */
  readonly read: (key: string) => AsyncGenerator<readonly Row[]>;
  readonly clear: () => Promise<void>;
}

export function createSpill(folder: string): Spill {
  const keys = new Map<string, string>();
  const fileOf = (key: string): string => {
    const known = keys.get(key);
    if (known !== undefined) return known;
    const file = join(folder, String(keys.size));
    keys.set(key, file);
    return file;
  };
  return {
    add: async (key, rows) => {
      if (keys.size === 0) await realFiles.makeFolder(folder);
      await appendFile(fileOf(key), encodeRows(rows));
    },
    keys: () => [...keys.keys()].sort(),
    read: (key) => readRows(fileOf(key)),
    clear: async () => {
      keys.clear();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
