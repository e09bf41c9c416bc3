/** Reads a rope at any place, so that a model can be read back before it is written anywhere. */
import type { ByteSource } from "./byte-source.ts";
import type { Piece, Rope } from "./rope.ts";

/** A source over the bytes that the rope would give. */
export function ropeSource(rope: Rope): ByteSource {
  const ends: number[] = [];
  for (const piece of rope.pieces) ends.push((ends.at(-1) ?? 0) + lengthOf(piece));
  return {
    size: rope.length,
    read(offset, length) {
      const start = Math.min(offset, rope.length);
      const out = new Uint8Array(Math.min(offset + length, rope.length) - start);
      let filled = 0;
      for (let at = firstAfter(ends, start); filled < out.length; at++) {
        const piece = rope.pieces[at];
        if (!piece) throw new RangeError("verifyRope: the pieces of a rope are shorter than its length");
        const from = start + filled - ((ends[at] ?? 0) - lengthOf(piece));
        const take = Math.min(lengthOf(piece) - from, out.length - filled);
        readPiece(piece, from, out.subarray(filled, filled + take));
        filled += take;
      }
      return out;
    },
  };
}

function lengthOf(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.length * piece.count;
}

/** The first piece that ends after the offset. */
function firstAfter(ends: readonly number[], offset: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

function readPiece(piece: Piece, from: number, out: Uint8Array): void {
  if (piece instanceof Uint8Array) {
    out.set(piece.subarray(from, from + out.length));
    return;
  }
  for (let filled = 0; filled < out.length; ) {
    const run = Math.floor((from + filled) / piece.length);
    const within = from + filled - run * piece.length;
    const take = Math.min(piece.length - within, out.length - filled);
    const bytes = piece.source.read(piece.offset + run * piece.stride + within, take);
    if (bytes.length !== take) throw new RangeError(`a source ended at byte ${piece.offset + run * piece.stride + within + bytes.length} while it was read`);
    out.set(bytes, filled);
    filled += take;
  }
}
