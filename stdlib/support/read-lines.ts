/** The text of a big file, or its lines without their ends, a buffer's worth at a time. `.gz` files are unpacked. */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { TextDecoder } from "node:util";
import { createGunzip } from "node:zlib";
import { describeFileError } from "./file-error.ts";

/** A line longer than this is not text with lines. */
export const LINE_LENGTH_MAX = 256 * 2 ** 20;

/**
 * Splits at "\n" only (a "\r" before it is dropped): U+2028 and its like may stand inside a JSON string. Undefined for
 * a line that is too long.
 */
export async function* readLines(path: string, onRead?: (bytes: number) => void, lengthMax = LINE_LENGTH_MAX): AsyncGenerator<readonly (string | undefined)[]> {
  // Of the line that has not ended; nothing more of one that is too long.
  let pieces: string[] = [];
  let length = 0;
  const takeLine = (end: string): string | undefined => {
    const line = length + end.length > lengthMax ? undefined : withoutCarriageReturn(pieces.join("") + end);
    [pieces, length] = [[], 0];
    return line;
  };
  for await (const text of readText(path, onRead)) {
    const [end, ...lines] = text.split("\n");
    const rest = lines.pop();
    if (rest !== undefined) yield [takeLine(end), ...lines.map(withoutCarriageReturn)];
    const begun = rest ?? end;
    length += begun.length;
    if (length > lengthMax) pieces = [];
    else pieces.push(begun);
  }
  if (length > 0) yield [takeLine("")];
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
