/** The lines of a big UTF-8 file, without their ends, a buffer's worth at a time. `.gz` files are unpacked. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { RowError } from "../../runtime/contract/kernel.ts";
import { describeFileError } from "./file-error.ts";

/** A line longer than this is not text with lines. */
const LINE_BYTES_MAX = 256 * 2 ** 20;

/**
 * Splits at "\n" only (a "\r" before it is dropped): U+2028 and its like may stand inside a JSON string. Bytes
 * that are not UTF-8 become U+FFFD; a byte order mark is dropped.
 */
export async function* readLines(path: string, onRead?: (bytes: number) => void): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  try {
    for await (const bytes of readBytes(path, onRead)) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LINE_BYTES_MAX) throw new RowError(`${path} has a line of more than ${LINE_BYTES_MAX} characters`);
      if (lines.length > 0) yield lines.map(withoutCarriageReturn);
    }
  } catch (error) {
    throw error instanceof RowError ? error : describeFileError(error, path);
  }
  rest += decoder.decode();
  if (rest !== "") yield [withoutCarriageReturn(rest)];
}

/** The bytes of a file, 256 KiB at a time. `onRead` is told how many of the file's bytes are behind them, packed as they are. */
export async function* readBytes(path: string, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  const isPacked = path.endsWith(".gz");
  // Errors reach the reader through the unpacking stream.
  const unpacked: AsyncIterable<Buffer> = isPacked ? pipeline(file, createGunzip(), () => {}) : file;
  let read = 0;
  for await (const bytes of unpacked) {
    read += bytes.length;
    // The file is read ahead of what is handed on: a little, beside a packed file's size.
    onRead?.(isPacked ? file.bytesRead : read);
    yield bytes;
  }
}

function withoutCarriageReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
