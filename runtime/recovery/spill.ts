/** Rows of a commit group set aside on disk by partition, so that memory holds one chunk and one file is open at a time. */
import { appendFile, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { Row } from "../contract/value.ts";

export interface Spill {
  readonly add: (key: string, rows: readonly Row[]) => Promise<void>;
  readonly keys: () => readonly string[];
  /** The rows of a key in the order they were added, a batch at a time. */
  readonly read: (key: string) => AsyncGenerator<readonly Row[]>;
  readonly clear: () => Promise<void>;
}

const LENGTH_BYTES = 4;

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
      if (keys.size === 0) await mkdir(folder, { recursive: true });
      const record = serialize(rows);
      const head = Buffer.alloc(LENGTH_BYTES);
      head.writeUInt32LE(record.byteLength);
      await appendFile(fileOf(key), Buffer.concat([head, record]));
    },
    keys: () => [...keys.keys()].sort(),
    read: async function* (key) {
      const file = await open(fileOf(key), "r");
      try {
        for (let at = 0; ; ) {
          const head = await file.read(Buffer.alloc(LENGTH_BYTES), 0, LENGTH_BYTES, at);
          if (head.bytesRead < LENGTH_BYTES) return;
          const record = Buffer.alloc(head.buffer.readUInt32LE());
          await file.read(record, 0, record.byteLength, at + LENGTH_BYTES);
          at += LENGTH_BYTES + record.byteLength;
          yield deserialize(record) as readonly Row[];
        }
      } finally {
        await file.close();
      }
    },
    clear: async () => {
      keys.clear();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
