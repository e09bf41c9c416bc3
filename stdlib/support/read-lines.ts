/** The text of a big file, or its lines without their ends, a buffer's worth at a time. `.gz` files are unpacked. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { TextDecoder } from "node:util";
import { createGunzip } from "node:zlib";
import { RowError } from "../../runtime/contract/kernel.ts";
import { describeFileError } from "./file-error.ts";

/** A line longer than this is not text with lines. */
const LINE_BYTES_MAX = 256 * 2 ** 20;

/** Splits at "\n" only (a "\r" before it is dropped): U+2028 and its like may stand inside a JSON string. */
export async function* readLines(path: string, onRead?: (bytes: number) => void): AsyncGenerator<readonly string[]> {
  let rest = "";
  for await (const text of readText(path, onRead)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_BYTES_MAX) throw new RowError(`${path} has a line of more than ${LINE_BYTES_MAX} characters`);
    if (lines.length > 0) yield lines.map(withoutCarriageReturn);
  }
  if (rest !== "") yield [withoutCarriageReturn(rest)];
}

/**
 * The text of a file, a buffer's worth at a time: UTF-16 where its byte order mark says so, else UTF-8. The mark is
 * dropped; bytes that mean nothing become U+FFFD.
 */
export async function* readText(path: string, onRead?: (bytes: number) => void): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  try {
    for await (const bytes of readBytes(path, onRead)) {
      decoder ??= new TextDecoder(bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8");
      yield decoder.decode(bytes, { stream: true });
    }
  } catch (error) {
    throw describeFileError(error, path);
  }
  if (decoder !== undefined) yield decoder.decode();
}

/** The bytes of a file, 256 KiB at a time. `onRead` is told how many of the file's bytes are behind them, packed as they are. */
async function* readBytes(path: string, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
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
