/**
 * Bytes to be written that need not be in memory: a run of pieces, each an array or a range of some source.
 * A model of gigabytes is put together as a rope and streamed out in small buffers.
 */
import type { ByteSource } from "./byte-source.ts";

export interface Rope {
  readonly length: number;
  readonly pieces: readonly Piece[];
}

export type Piece = Uint8Array | SourcePiece;

/** `count` runs of `length` bytes, `stride` apart: a slice of columns of a row-major matrix is one piece. */
export interface SourcePiece {
  readonly source: ByteSource;
  readonly offset: number;
  readonly length: number;
  readonly count: number;
  readonly stride: number;
}

export const emptyRope: Rope = { length: 0, pieces: [] };

export function bytesRope(bytes: Uint8Array): Rope {
  return { length: bytes.length, pieces: bytes.length > 0 ? [bytes] : [] };
}

/** A contiguous range of a source. */
export function rangeRope(source: ByteSource, offset: number, length: number): Rope {
  return stridedRope(source, offset, length, 1, length);
}

/** `count` runs of `length` bytes whose starts are `stride` bytes apart. */
export function stridedRope(source: ByteSource, offset: number, length: number, count: number, stride: number): Rope {
  if (length * count === 0) return emptyRope;
  const contiguous = stride === length;
  const piece: SourcePiece = contiguous
    ? { source, offset, length: length * count, count: 1, stride: length * count }
    : { source, offset, length, count, stride };
  return { length: length * count, pieces: [piece] };
}

export function zerosRope(length: number): Rope {
  return bytesRope(new Uint8Array(length));
}

/** Joins ropes; ranges that follow each other in one source become one piece. */
export function joinRopes(ropes: Iterable<Rope>): Rope {
  const pieces: Piece[] = [];
  let length = 0;
  for (const rope of ropes) {
    length += rope.length;
    for (const piece of rope.pieces) {
      const last = pieces.at(-1);
      const joined = last && joinPieces(last, piece);
      if (joined) pieces[pieces.length - 1] = joined;
      else pieces.push(piece);
    }
  }
  return { length, pieces };
}

function joinPieces(a: Piece, b: Piece): SourcePiece | undefined {
  if (a instanceof Uint8Array || b instanceof Uint8Array) return undefined;
  if (a.source !== b.source || a.count !== 1 || b.count !== 1 || a.offset + a.length !== b.offset) return undefined;
  const length = a.length + b.length;
  return { source: a.source, offset: a.offset, length, count: 1, stride: length };
}

const chunkBytesMax = 1 << 20;

/** Streams a rope in chunks of at most 1 MiB. Throws if a source is shorter than it was. */
export function writeRope(rope: Rope, write: (bytes: Uint8Array) => void): void {
  for (const piece of rope.pieces) {
    if (piece instanceof Uint8Array) write(piece);
    else writeSourcePiece(piece, write);
  }
}

function writeSourcePiece(piece: SourcePiece, write: (bytes: Uint8Array) => void): void {
  const runsAtOnce = piece.count > 1 ? Math.floor(chunkBytesMax / piece.stride) : 0;
  if (runsAtOnce > 1) return writeRuns(piece, runsAtOnce, write);
  for (let run = 0; run < piece.count; run++) {
    const start = piece.offset + run * piece.stride;
    for (let done = 0; done < piece.length; done += chunkBytesMax) {
      write(readExactly(piece.source, start + done, Math.min(chunkBytesMax, piece.length - done)));
    }
  }
}

/** Short runs: reads a span of several and gathers, instead of one read per run. */
function writeRuns(piece: SourcePiece, runsAtOnce: number, write: (bytes: Uint8Array) => void): void {
  for (let first = 0; first < piece.count; first += runsAtOnce) {
    const runs = Math.min(runsAtOnce, piece.count - first);
    const span = readExactly(piece.source, piece.offset + first * piece.stride, (runs - 1) * piece.stride + piece.length);
    const out = new Uint8Array(runs * piece.length);
    for (let run = 0; run < runs; run++) out.set(span.subarray(run * piece.stride, run * piece.stride + piece.length), run * piece.length);
    write(out);
  }
}

function readExactly(source: ByteSource, offset: number, length: number): Uint8Array {
  const bytes = source.read(offset, length);
  if (bytes.length !== length) throw new RangeError(`a source ended at byte ${offset + bytes.length} while it was copied`);
  return bytes;
}

/** All bytes of a rope in one array: for small models and tests. */
export function ropeBytes(rope: Rope): Uint8Array {
  const out = new Uint8Array(rope.length);
  let at = 0;
  writeRope(rope, (bytes) => {
    out.set(bytes, at);
    at += bytes.length;
  });
  return out;
}
