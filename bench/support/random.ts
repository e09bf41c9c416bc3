/** Marsaglia's xorshift32: a number in 0..1 a call, the same series on every machine. */
export function createSeries(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
