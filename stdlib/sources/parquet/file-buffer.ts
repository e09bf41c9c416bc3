/** A local file as hyparquet reads it: each part in one piece, straight into its own buffer. */
import { open, stat } from "node:fs/promises";
import type { AsyncBuffer } from "hyparquet";

export async function openFileBuffer(file: string): Promise<AsyncBuffer> {
  const { size } = await stat(file);
  return {
    byteLength: size,
    slice: async (start, end = size) => {
      const bytes = new Uint8Array(Math.max(0, end - start));
      if (bytes.length > 0) await fill(file, bytes, start);
      return bytes.buffer;
    },
  };
}

async function fill(file: string, bytes: Uint8Array, start: number): Promise<void> {
  const handle = await open(file);
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new Error(`the file ends at byte ${start + done}`);
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
