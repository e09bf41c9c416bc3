/** A small seeded generator of random numbers (mulberry32), so that every run of a fuzzer is the same. */
export interface Random {
  /** An integer from 0 to `below - 1`. */
  readonly integer: (below: number) => number;
  readonly pick: <T>(items: readonly [T, ...T[]]) => T;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const integer = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
  return { integer, pick: (items) => items[integer(items.length)] ?? items[0] };
}
