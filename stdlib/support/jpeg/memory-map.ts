/** Where the decoder's functions find things in their memory. */
import { TABLE_BYTES } from "./huffman-table.ts";

/** Words that functions leave: whether a code or a place was wrong; where they came to. */
export const BAD_AT = 0;
export const SOURCE_END_AT = 4;
export const TARGET_END_AT = 8;
export const BITS_USED_AT = 12;
/** For each place in zigzag order, the byte of its coefficient; places past the end lead past the block. */
export const ORDER_AT = 64;
export const BLOCK_AT = 320;
const BLOCK_BYTES = 128;
/** Four sets of 64 divisors, 16 bits each, in natural order. */
export const DIVISORS_AT = 512;
/** For each component its DC and its AC table, and its last DC coefficient. */
export const TABLES_AT = 1024;
export const LAST_DC_AT = TABLES_AT + 6 * TABLE_BYTES;
/** One entry for each block of a unit. */
export const BLOCKS_AT = LAST_DC_AT + 16;
export const ENTRY = { dc: 0, ac: 4, divisors: 8, target: 12, step: 16, rowStep: 20, stride: 24, last: 28, bytes: 32 } as const;
export const DATA_AT = 49_152;

const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
] as const;

export const ORDER = Uint8Array.from({ length: 256 }, (_, place) => (place < 64 ? ZIGZAG[place] * 2 : BLOCK_BYTES));

/** 64 numbers in zigzag order, in the order of the picture. */
export function inNaturalOrder(numbers: Uint8Array): Uint16Array {
  const result = new Uint16Array(64);
  numbers.forEach((number, place) => (result[ZIGZAG[place]] = number));
  return result;
}
