/**
 * Small functions of the JPEG decoder in WebAssembly: stuffed bytes out of the data, chroma to full size as libjpeg does
 * it ("fancy": each sample three quarters of the nearest and one of the next), and YCbCr to RGB as JFIF has it.
 */
import { get, i32, loop, set, v128, when, whenElse } from "../wasm.ts";
import type { Code, WasmFunction } from "../wasm.ts";
import { SOURCE_END_AT, TARGET_END_AT } from "./memory-map.ts";

const increase = (local: number, by: number): Code => set(local, i32.add(get(local), i32.const(by)));
const bytes16 = (make: (lane: number) => number): readonly number[] => Array.from({ length: 8 }, (_, lane) => [make(lane) & 0xff, (make(lane) >> 8) & 0xff]).flat();
const zero = v128.const(Array.from({ length: 16 }, () => 0));

/** unstuff(source, target, end): copies up to the next marker; leaves where it is, and where the copy ends. */
function unstuffFunction(): WasmFunction {
  const [source, target, end, byte, isOver] = [0, 1, 2, 3, 4];
  const chunk = 5;
  const oneByte = [
    set(byte, i32.loadByte(get(source))),
    when(i32.equal(get(byte), i32.const(0xff)), [whenElse(i32.loadByte(get(source), 1), [set(isOver, i32.const(1))], [increase(source, 1)])]),
    when(i32.isZero(get(isOver)), [i32.storeByte(get(target), get(byte)), increase(target, 1), increase(source, 1)]),
  ];
  const some = [
    set(chunk, v128.load(get(source))),
    whenElse(
      v128.anyBit(v128.equalBytes(get(chunk), v128.const(Array.from({ length: 16 }, () => 0xff)))),
      oneByte,
      [v128.store(get(target), get(chunk)), increase(source, 16), increase(target, 16)],
    ),
    // What lies past the end was copied, too.
    when(i32.lessThan(get(end), get(source)), [set(target, i32.sub(get(target), i32.sub(get(source), get(end)))), set(source, get(end))]),
    when(i32.equal(get(source), get(end)), [set(isOver, i32.const(1))]),
  ];
  const body = [...loop(some, i32.isZero(get(isOver))), ...i32.store(i32.const(SOURCE_END_AT), get(source)), ...i32.store(i32.const(TARGET_END_AT), get(target))];
  return { name: "unstuff", parameters: 3, integers: 2, vectors: 1, body };
}

/**
 * weigh(near, far, nearWeight, farWeight, target, count): two rows of samples as one of weighted sums, 16 bits each, with
 * the first and the last once more before and behind it.
 */
function weighFunction(): WasmFunction {
  const [near, far, nearWeight, farWeight, target, count, at] = [0, 1, 2, 3, 4, 5, 6];
  const product = (row: number, weight: number): Code => v128.multiply16(v128.loadBytes(i32.add(get(row), get(at))), v128.splat16(get(weight)));
  const body = [
    ...loop(
      [v128.store(i32.add(get(target), i32.mul(get(at), i32.const(2))), v128.add16(product(near, nearWeight), product(far, farWeight))), increase(at, 8)],
      i32.lessThan(get(at), get(count)),
    ),
    ...i32.store16(i32.sub(get(target), i32.const(2)), i32.load16(get(target))),
    ...set(at, i32.add(get(target), i32.mul(get(count), i32.const(2)))),
    ...i32.store16(get(at), i32.load16(i32.sub(get(at), i32.const(2)))),
  ];
  return { name: "weigh", parameters: 6, integers: 1, vectors: 0, body };
}

/** double(sums, target, count, left, right, shift): two bytes for each sum: (three of it and one of the neighbour + left or right) / 2^shift. */
function doubleFunction(): WasmFunction {
  const [sums, target, count, left, right, shift] = [0, 1, 2, 3, 4, 5];
  const [own, thrice] = [6, 7];
  const half = (offset: number, round: number): Code => v128.shiftRight16(v128.add16(v128.add16(get(thrice), v128.load(i32.add(get(sums), i32.const(offset)))), v128.splat16(get(round))), get(shift));
  const body = loop(
    [
      set(own, v128.load(get(sums))),
      set(thrice, v128.add16(v128.add16(get(own), get(own)), get(own))),
      v128.store(get(target), v128.shuffle(v128.narrow16(half(-2, left), half(2, right)), zero, [0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15])),
      increase(sums, 16),
      increase(target, 16),
      increase(count, -8),
    ],
    i32.lessThan(i32.const(0), get(count)),
  );
  return { name: "double", parameters: 6, integers: 0, vectors: 2, body };
}

const LOW_LANES = [0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23];
const HIGH_LANES = LOW_LANES.map((byte) => byte + 8);

/**
 * colours(y, cb, cr, target, count): red, green and blue of each. Factors have 16 fractional bits; those that do not fit
 * 16 bits are written as a whole number and a rest, which rounds to the same.
 */
function coloursFunction(): WasmFunction {
  const [y, cb, cr, target, count] = [0, 1, 2, 3, 4];
  const [luma, blueness, redness, red, green, blue] = [5, 6, 7, 8, 9, 10];
  const load = (row: number): Code => v128.sub16(v128.loadBytes(get(row)), v128.const(bytes16(() => 128)));
  // Twice 16,384: half of what is shifted away.
  const twos = v128.const(bytes16(() => 2));
  const half = v128.const(Array.from({ length: 4 }, () => [0, 128, 0, 0]).flat());
  const rest = (a: Code, b: Code, first: number, second: number, round: (value: Code) => Code): Code => {
    const part = (lanes: readonly number[]): Code => v128.shiftRight32(round(v128.dot(v128.shuffle(a, b, lanes), v128.const(bytes16((lane) => (lane % 2 === 0 ? first : second))))), 16);
    return v128.narrow32(part(LOW_LANES), part(HIGH_LANES));
  };
  const asIs = (value: Code): Code => value;
  const body = loop(
    [
      set(luma, v128.loadBytes(get(y))),
      set(blueness, load(cb)),
      set(redness, load(cr)),
      set(red, v128.add16(get(luma), v128.add16(get(redness), rest(get(redness), twos, 26_345, 16_384, asIs)))),
      set(green, v128.add16(get(luma), v128.sub16(rest(get(blueness), get(redness), -22_554, 18_734, (value) => v128.add32(value, half)), get(redness)))),
      set(blue, v128.add16(get(luma), v128.add16(v128.add16(get(blueness), get(blueness)), rest(get(blueness), twos, -14_942, 16_384, asIs)))),
      set(red, v128.narrow16(get(red), get(green))),
      set(blue, v128.narrow16(get(blue), zero)),
      v128.store(get(target), v128.shuffle(get(red), get(blue), [0, 8, 16, 1, 9, 17, 2, 10, 18, 3, 11, 19, 4, 12, 20, 5])),
      v128.store64(i32.add(get(target), i32.const(16)), v128.shuffle(get(red), get(blue), [13, 21, 6, 14, 22, 7, 15, 23, 0, 0, 0, 0, 0, 0, 0, 0])),
      increase(y, 8),
      increase(cb, 8),
      increase(cr, 8),
      increase(target, 24),
      increase(count, -8),
    ],
    i32.lessThan(i32.const(0), get(count)),
  );
  return { name: "colours", parameters: 5, integers: 0, vectors: 6, body };
}

export const pictureFunctions: readonly WasmFunction[] = [unstuffFunction(), weighFunction(), doubleFunction(), coloursFunction()];
