/** Prices of kinds of devices for the tightest bound on a period: what work costs at them over what the devices are worth. */

/** Tries prices in a fixed order, each raised and lowered by less and less, for the largest ratio. */
export function choosePrices(kinds: number, ratio: (prices: readonly number[]) => number): number {
  const prices = Array.from({ length: kinds }, () => 1);
  let best = ratio(prices);
  const factors = [16, 4, 2, 1.25, 1.0625, 1.015625].flatMap((factor) => [factor, 1 / factor]);
  const roundsMax = 32;
  for (let round = 0, improved = kinds > 1; improved && round < roundsMax; round++) {
    improved = false;
    for (let kind = 0; kind < kinds; kind++) {
      for (const factor of factors) {
        const before = prices[kind] ?? 1;
        prices[kind] = before * factor;
        const value = ratio(prices);
        if (value > best) {
          best = value;
          improved = true;
        } else prices[kind] = before;
      }
    }
  }
  return best;
}
