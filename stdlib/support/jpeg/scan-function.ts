/**
 * From entropy-coded data to planes of samples, in WebAssembly: Huffman decoding, and the inverse cosine transform of
 * Loeffler, Ligtenberg and Moschytz in 13-bit fixed point, eight columns at a time. Each output of the transform is the
 * same sum of the same integer products as in libjpeg's accurate method ("islow"), so the samples are the same, too.
 */
import { get, i32, i64, loop, set, v128, when } from "../wasm.ts";
import type { Code, WasmFunction } from "../wasm.ts";
import { END_OF_BLOCK, LENGTHS_AT, LOOK_BITS, SYMBOLS_AT } from "./huffman-table.ts";
import { BAD_AT, BITS_USED_AT, BLOCK_AT, ENTRY, ORDER_AT } from "./memory-map.ts";

/** Locals of `scan`. */
const [data, units, entries, entriesEnd, unitsAcross, column] = [0, 1, 2, 3, 4, 5];
const [next, count, entry, found, place, size, value, bad, table, target, stride, length] = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
const bits = 18;
const rows = [19, 20, 21, 22, 23, 24, 25, 26] as const;
const low = [27, 28, 29, 30, 31, 32, 33, 34] as const;
const [even04, even26, odd13, odd57] = [35, 36, 37, 38];
const [sum, difference, crossed, straight] = [39, 40, 41, 42];

const increase = (local: number, by: Code): Code => set(local, i32.add(get(local), by));
const topBits = (howMany: Code): Code => i32.ofLong(i64.shiftRight(get(bits), i64.ofInteger(i32.sub(i32.const(64), howMany))));
const takeBits = (howMany: Code): Code => [...set(bits, i64.shiftLeft(get(bits), i64.ofInteger(howMany))), ...set(count, i32.sub(get(count), howMany))];

/** At least 32 bits: as long as a code and its number can be. Bits lie at the top; those below `count` are right as well. */
const refill = when(i32.lessThan(get(count), i32.const(32)), [
  set(bits, i64.or(get(bits), i64.shiftRight(v128.firstLong(v128.shuffle(v128.load64(get(next)), v128.load64(get(next)), [7, 6, 5, 4, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0])), i64.ofInteger(get(count))))),
  increase(next, i32.shiftRight(i32.sub(i32.const(63), get(count)), i32.const(3))),
  set(count, i32.or(get(count), i32.const(56))),
]);

/** `found`: the entry of a code longer than what is looked up at once. One that is none ends the block and is bad. */
const findLong: Code = [
  ...set(length, i32.const(LOOK_BITS + 1)),
  ...set(value, topBits(i32.const(16))),
  ...loop(
    [
      when(i32.lessThan(get(value), i32.load(i32.add(get(table), i32.mul(get(length), i32.const(8))), LENGTHS_AT)), [
        set(found, i32.add(i32.load(i32.add(get(table), i32.mul(get(length), i32.const(8))), LENGTHS_AT + 4), i32.shiftRight(get(value), i32.sub(i32.const(16), get(length))))),
        set(found, i32.load(i32.add(get(table), i32.mul(get(found), i32.const(4))), SYMBOLS_AT)),
        set(length, i32.const(17)),
      ]),
      increase(length, i32.const(1)),
    ],
    i32.lessThan(get(length), i32.const(17)),
  ),
  ...when(i32.isZero(get(found)), [set(bad, i32.const(1)), set(found, i32.const(1 | (END_OF_BLOCK << 9)))]),
];

/** Reads a symbol by `table`, and the number that follows it to `value`. */
const readSymbol: Code = [
  ...refill,
  ...set(found, i32.load(i32.add(get(table), i32.shiftLeft(topBits(i32.const(LOOK_BITS)), i32.const(2))))),
  ...when(i32.isZero(get(found)), [findLong]),
  ...takeBits(i32.and(get(found), i32.const(31))),
  ...set(value, i32.shiftRight(get(found), i32.const(16))),
  ...set(size, i32.and(i32.shiftRight(get(found), i32.const(5)), i32.const(15))),
  ...when(get(size), [
    set(value, topBits(get(size))),
    takeBits(get(size)),
    // A number whose first bit is 0 is negative: 2^size - 1 less.
    set(value, i32.add(get(value), i32.and(i32.shiftRight(i32.sub(get(value), i32.shiftLeft(i32.const(1), i32.sub(get(size), i32.const(1)))), i32.const(31)), i32.add(i32.shiftLeft(i32.const(-1), get(size)), i32.const(1))))),
  ]),
];

const field = (name: keyof typeof ENTRY): Code => i32.load(get(entry), ENTRY[name]);
const zero = v128.const(Array.from({ length: 16 }, () => 0));

const readBlock: Code = [
  ...rows.flatMap((_, row) => v128.store(i32.const(BLOCK_AT), zero, row * 16)),
  ...set(table, field("dc")),
  ...readSymbol,
  ...set(value, i32.add(get(value), i32.load(field("last")))),
  ...i32.store(field("last"), get(value)),
  ...i32.store16(i32.const(BLOCK_AT), get(value)),
  ...set(table, field("ac")),
  ...set(place, i32.const(1)),
  ...loop(
    [
      readSymbol,
      increase(place, i32.and(i32.shiftRight(get(found), i32.const(9)), i32.const(127))),
      i32.store16(i32.loadByte(get(place), ORDER_AT), get(value), BLOCK_AT),
      increase(place, i32.const(1)),
    ],
    i32.lessThan(get(place), i32.const(64)),
  ),
  // It ends with its last coefficient or with the symbol for the end, and not between the two.
  ...when(i32.lessThan(i32.const(64), get(place)), [when(i32.lessThan(get(place), i32.const(END_OF_BLOCK)), [set(bad, i32.const(1))])]),
];

const LOW_LANES = [0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23];
const HIGH_LANES = LOW_LANES.map((byte) => byte + 8);
/** Of 32 and of 64 bits. */
const LOW_WORDS = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const HIGH_WORDS = LOW_WORDS.map((byte) => byte + 8);
const LOW_LONGS = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH_LONGS = LOW_LONGS.map((byte) => byte + 8);

const bytesOf = (word: number): readonly number[] => [word & 0xff, (word >> 8) & 0xff];
/** Pairs of 16 bits: `first` times a + `second` times b, where lanes of a and b alternate. */
const weigh = (pair: number, first: number, second: number): Code => v128.dot(get(pair), v128.const(Array.from({ length: 4 }, () => [...bytesOf(first), ...bytesOf(second)]).flat()));
const wordsOf = (word: number): Code => v128.const(Array.from({ length: 4 }, () => [...bytesOf(word), ...bytesOf(word >> 16)]).flat());

/** Four lanes of a one-dimensional transform: from `rows` by `lanes`, each output handed to `keep`. */
function transformHalf(lanes: readonly number[], round: number, shift: number, keep: (output: number, result: Code) => Code): Code {
  const butterfly = (output: number, evenPart: Code, oddPart: Code): Code => [
    ...set(sum, evenPart),
    ...set(difference, oddPart),
    ...keep(output, v128.shiftRight32(v128.add32(get(sum), get(difference)), shift)),
    ...keep(7 - output, v128.shiftRight32(v128.sub32(get(sum), get(difference)), shift)),
  ];
  const odd = (first: number, third: number, fifth: number, seventh: number): Code => v128.add32(weigh(odd13, first, third), weigh(odd57, fifth, seventh));
  return [
    ...set(even04, v128.shuffle(get(rows[0]), get(rows[4]), lanes)),
    ...set(even26, v128.shuffle(get(rows[2]), get(rows[6]), lanes)),
    ...set(odd13, v128.shuffle(get(rows[1]), get(rows[3]), lanes)),
    ...set(odd57, v128.shuffle(get(rows[5]), get(rows[7]), lanes)),
    ...set(straight, v128.add32(weigh(even04, 8192, 8192), wordsOf(round))),
    ...set(crossed, v128.add32(weigh(even04, 8192, -8192), wordsOf(round))),
    ...butterfly(0, v128.add32(get(straight), weigh(even26, 10_703, 4433)), odd(11_363, 9633, 6437, 2260)),
    ...butterfly(3, v128.sub32(get(straight), weigh(even26, 10_703, 4433)), odd(2260, -6436, 9633, -11_363)),
    ...butterfly(1, v128.add32(get(crossed), weigh(even26, 4433, -10_704)), odd(9633, -2259, -11_362, -6436)),
    ...butterfly(2, v128.sub32(get(crossed), weigh(even26, 4433, -10_704)), odd(6437, -11_362, 2261, 9633)),
  ];
}

/** All eight lanes; `rows` are replaced. */
const transform = (round: number, shift: number): Code => [
  ...transformHalf(LOW_LANES, round, shift, (output, result) => set(low[output], result)),
  // The inputs are in pairs by now.
  ...transformHalf(HIGH_LANES, round, shift, (output, result) => set(rows[output], v128.narrow32(get(low[output]), result))),
];

/** `rows` as columns. */
function transpose(): Code {
  const step = (from: readonly number[], to: readonly number[], pairs: readonly (readonly [number, number])[], lows: readonly number[], highs: readonly number[]): Code =>
    pairs.flatMap(([one, other], index) => [...set(to[index * 2], v128.shuffle(get(from[one]), get(from[other]), lows)), ...set(to[index * 2 + 1], v128.shuffle(get(from[one]), get(from[other]), highs))]);
  return [
    ...step(rows, low, [[0, 1], [2, 3], [4, 5], [6, 7]], LOW_LANES, HIGH_LANES),
    ...step(low, rows, [[0, 2], [1, 3], [4, 6], [5, 7]], LOW_WORDS, HIGH_WORDS),
    ...step(rows, low, [[0, 4], [1, 5], [2, 6], [3, 7]], LOW_LONGS, HIGH_LONGS),
    ...rows.flatMap((row, index) => set(row, get(low[index]))),
  ];
}

const CONSTANT_BITS = 13;
const PASS_BITS = 2;
/** Samples are stored around 128. */
const MIDDLE = 128;

const writeBlock: Code = [
  ...set(target, field("target")),
  ...set(stride, field("stride")),
  ...set(place, field("divisors")),
  ...rows.flatMap((row, index) => set(row, v128.multiply16(v128.load(i32.const(BLOCK_AT), index * 16), v128.load(get(place), index * 16)))),
  ...transform(1 << (CONSTANT_BITS - PASS_BITS - 1), CONSTANT_BITS - PASS_BITS),
  ...transpose(),
  ...transform((1 << (CONSTANT_BITS + PASS_BITS + 2)) + MIDDLE * (1 << (CONSTANT_BITS + PASS_BITS + 3)), CONSTANT_BITS + PASS_BITS + 3),
  ...transpose(),
  ...rows.flatMap((row) => [...v128.store64(get(target), v128.narrow16(get(row), zero)), ...increase(target, get(stride))]),
];

/**
 * scan(data, units, entries, entriesEnd, unitsAcross, column): so many units, the first of them in `column`, from data
 * without stuffed bytes. Entries are advanced.
 */
export const scanFunction: WasmFunction = {
  name: "scan",
  parameters: 6,
  integers: 12,
  longs: 1,
  vectors: 24,
  body: [
    ...set(next, get(data)),
    ...loop(
      [
        set(entry, get(entries)),
        loop([readBlock, writeBlock, i32.store(get(entry), i32.add(field("target"), field("step")), ENTRY.target), increase(entry, i32.const(ENTRY.bytes))], i32.lessThan(get(entry), get(entriesEnd))),
        increase(column, i32.const(1)),
        when(i32.equal(get(column), get(unitsAcross)), [
          set(column, i32.const(0)),
          set(entry, get(entries)),
          loop([i32.store(get(entry), i32.add(field("target"), field("rowStep")), ENTRY.target), increase(entry, i32.const(ENTRY.bytes))], i32.lessThan(get(entry), get(entriesEnd))),
        ]),
        increase(units, i32.const(-1)),
      ],
      get(units),
    ),
    ...i32.store(i32.const(BAD_AT), get(bad)),
    ...i32.store(i32.const(BITS_USED_AT), i32.sub(i32.shiftLeft(i32.sub(get(next), get(data)), i32.const(3)), get(count))),
  ],
};
