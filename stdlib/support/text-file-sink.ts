/** Sinks that write lines of text, a buffer's worth at a time. */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { JobError } from "../../runtime/contract/kernel.ts";
import type { OpenSinkFile } from "../../runtime/contract/kernel.ts";
import type { Row } from "../../runtime/contract/value.ts";
import { describeFileError } from "./file-error.ts";

const BUFFER_CHARS = 256 * 1024;

/** `head` is written first; `lineOf` gives a row's line, without its end. */
export async function openTextFile(file: string | undefined, head: string, lineOf: (row: Row) => string): Promise<OpenSinkFile> {
  if (file === undefined) throw new JobError("R0146", "this sink needs a file to write");
  const handle = await open(file, "w").catch((error: unknown) => {
    throw describeFileError(error, file);
  });
  let waiting = head;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    bytes += await writeAll(handle, Buffer.from(waiting, "utf8"));
    waiting = "";
  };
  return {
    append: async (rows) => {
      for (const row of rows) {
        waiting += `${lineOf(row)}\n`;
        if (waiting.length >= BUFFER_CHARS) await flush();
      }
    },
    close: async () => {
      await flush();
      await handle.close();
      return { bytes };
    },
    abort: () => handle.close(),
  };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<number> {
  for (let written = 0; written < bytes.length; ) written += (await handle.write(bytes, written)).bytesWritten;
  return bytes.length;
}
