/**
 * A Huffman code as the decoder reads it. `LOOK_BITS` bits of the stream at a time point to an entry that says what they
 * are; where the bits of the number that follows a symbol are among them, it is in the entry already:
 *
 *     bits 0-4: to take away   5-8: bits of the number still to come   9-15: coefficients to skip   16-31: the number
 *
 * An entry of 0 stands for longer codes. They are found by their length: behind the entries lies, for each length, one
 * past the last of its codes (aligned to the left in 16 bits) and what to add to a code for its place among the symbols,
 * and behind those the entries of all symbols in the order of their codes.
 */
import type { HuffmanCodes } from "./read-frame.ts";

export const LOOK_BITS = 10;
const LOOK_ENTRIES = 1 << LOOK_BITS;
export const LENGTHS_AT = LOOK_ENTRIES * 4;
export const SYMBOLS_AT = LENGTHS_AT + 17 * 8;
export const TABLE_BYTES = Math.ceil((SYMBOLS_AT + 256 * 4) / 16) * 16;
/** To skip at the end of a block: beyond any coefficient. */
export const END_OF_BLOCK = 100;

export function packCodes({ counts, symbols }: HuffmanCodes, isAc: boolean): Int32Array {
  const table = new Int32Array(TABLE_BYTES / 4);
  let [code, index] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    for (let left = counts[length - 1]; left > 0; left--) {
      const entry = entryOf(symbols[index], length, isAc);
      table[SYMBOLS_AT / 4 + index] = entry;
      if (length <= LOOK_BITS) fillEntries(table, code, length, entry);
      code++;
      index++;
    }
    table[LENGTHS_AT / 4 + length * 2] = code << (16 - length);
    table[LENGTHS_AT / 4 + length * 2 + 1] = index - code;
    code <<= 1;
  }
  return table;
}

function entryOf(symbol: number, length: number, isAc: boolean): number {
  const size = symbol & 15;
  if (!isAc) return length | (size << 5);
  // Sixteen zeros are fifteen and one more; any other run without a number ends the block.
  return length | (size << 5) | ((size === 0 && symbol !== 0xf0 ? END_OF_BLOCK : symbol >> 4) << 9);
}

/** All that begin with the code, with their numbers where these are short enough. */
function fillEntries(table: Int32Array, code: number, length: number, entry: number): void {
  const size = (entry >> 5) & 15;
  const free = LOOK_BITS - length;
  for (let rest = 0; rest < 1 << free; rest++) {
    const at = (code << free) | rest;
    if (size === 0 || size > free) table[at] = entry;
    else {
      const bits = rest >> (free - size);
      const value = bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
      table[at] = (value << 16) | (entry & 0xfe00) | (length + size);
    }
  }
}
