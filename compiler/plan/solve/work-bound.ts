/**
 * Lower bounds that need no search.
 *
 *   - Work against capacity. Give each device of kind d a price p_d >= 0. A stage in mode m keeps r * degree(m) devices
 *     busy for load / r, so over a period P the plan spends at most P * sum of p_d * count_d, and it must spend at least
 *     p_d * degree(m) * time for each class in the mode that is cheapest for it. So P >= work / capacity, for any
 *     prices; good ones are found by a fixed sequence of trials. Transfers are left out, which keeps it a lower bound.
 *   - The heaviest class: some stage has it, with at most replicasMax replicas.
 *
 * Prices are doubles, so sums carry rounding errors; every bound is lowered by far more than those can be.
 */
import type { Instance } from "./instance.ts";

export interface WorkBound {
  /** Work of the classes outside the ideal whose bitset begins at rows[offset], priced and safely rounded down. */
  restOf(rows: Int32Array, offset: number): number;
  /** Priced capacity of the devices left when used[offset + kind] of each kind are in use. */
  capacityLeft(used: ArrayLike<number>, offset: number): number;
  /** By kind. */
  readonly prices: Float64Array;
  /** In quanta: no partition has a smaller period. */
  readonly periodMin: number;
}

const safety = 1 - 1e-11;

export function createWorkBound(instance: Instance): WorkBound {
  const prices = choosePrices(instance);
  const work = pricedWork(instance, prices);
  const { deviceCounts } = instance;
  const restOf = (rows: Int32Array, offset: number): number => {
    let rest = 0;
    for (let c = 0; c < instance.classes; c++) {
      if (((rows[offset + (c >> 5)] >>> (c & 31)) & 1) === 0) rest += work[c];
    }
    return rest * safety;
  };
  const capacityLeft = (used: ArrayLike<number>, offset: number): number => {
    let capacity = 0;
    for (let kind = 0; kind < deviceCounts.length; kind++) capacity += prices[kind] * (deviceCounts[kind] - used[offset + kind]);
    return capacity;
  };
  return { restOf, capacityLeft, prices, periodMin: Math.max(priceRatio(instance, prices) * safety, heaviestClass(instance)) };
}

/** Multiplies one price after the other by fixed factors as long as the bound rises. */
function choosePrices(instance: Instance): Float64Array {
  const prices = new Float64Array(instance.deviceCounts.length).fill(1);
  let best = priceRatio(instance, prices);
  const factors = [64, 8, 2, 1.25, 1.0625, 1.015625].flatMap((factor) => [factor, 1 / factor]);
  const roundsMax = 64;
  for (let round = 0, improved = prices.length > 1; improved && round < roundsMax; round++) {
    improved = false;
    for (let kind = 0; kind < prices.length; kind++) {
      for (const factor of factors) {
        const before = prices[kind];
        prices[kind] = before * factor;
        const ratio = priceRatio(instance, prices);
        if (ratio > best) {
          best = ratio;
          improved = true;
        } else prices[kind] = before;
      }
    }
  }
  return prices;
}

function priceRatio(instance: Instance, prices: Float64Array): number {
  const work = pricedWork(instance, prices).reduce((sum, of) => sum + of, 0);
  const capacity = instance.deviceCounts.reduce((sum, count, kind) => sum + count * prices[kind], 0);
  return capacity === 0 ? 0 : work / capacity;
}

function pricedWork(instance: Instance, prices: Float64Array): Float64Array {
  const { modes, times, runnable, kindOf, degreeOf, replicasMax } = instance;
  return new Float64Array(instance.classes).map((_, c) => {
    let least = Infinity;
    for (let m = 0; m < modes; m++) {
      if ((runnable[c] & (1 << m)) === 0 || replicasMax[m] === 0) continue;
      least = Math.min(least, prices[kindOf[m]] * degreeOf[m] * times[c * modes + m]);
    }
    return least === Infinity ? 0 : least;
  });
}

function heaviestClass(instance: Instance): number {
  const { modes, times, runnable, replicasMax } = instance;
  let heaviest = 0;
  for (let c = 0; c < instance.classes; c++) {
    let least = Infinity;
    for (let m = 0; m < modes; m++) {
      if ((runnable[c] & (1 << m)) !== 0 && replicasMax[m] > 0) least = Math.min(least, times[c * modes + m] / replicasMax[m]);
    }
    if (least !== Infinity) heaviest = Math.max(heaviest, least);
  }
  return heaviest;
}
