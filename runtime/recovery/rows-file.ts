/** Rows in a file as the engine alone reads them back: what waits for its partition, or for its one file to be whole. */
import { open } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import type { SinkKernel } from "../contract/kernel.ts";
import type { Row } from "../contract/value.ts";

const LENGTH_BYTES = 4;

/** Each batch after its length. */
export function encodeRows(rows: readonly Row[]): Uint8Array {
  const record = serialize(rows);
  const head = Buffer.alloc(LENGTH_BYTES);
  head.writeUInt32LE(record.byteLength);
  return Buffer.concat([head, record]);
}

/** The rows of a file in the order they were written, a batch at a time. */
export async function* readRows(path: string): AsyncGenerator<readonly Row[]> {
  const file = await open(path, "r");
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
}

export const ROWS_EXTENSION = "rows";

/** A format like any other, for the engine's own parts. */
export const rowsFile: SinkKernel = {
  extension: ROWS_EXTENSION,
  open: async ({ file }) => {
    if (file === undefined) throw new Error("rows are kept in a file");
    const handle = await open(file, "w");
    let bytes = 0;
    return {
      append: async (rows) => {
        if (rows.length === 0) return;
        const record = encodeRows(rows);
        for (let written = 0; written < record.length; ) written += (await handle.write(record, written)).bytesWritten;
        bytes += record.length;
      },
      close: async () => {
        await handle.close();
        return { bytes };
      },
      abort: () => handle.close(),
    };
  },
};
