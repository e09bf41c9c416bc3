/**
 * The other dynamic program over ideals, for many devices: at a fixed period P, the fewest devices. A stage S in mode m
 * takes ceil(load(S, m) / P) replicas, so from J each stage has one offer per mode, however many devices there are:
 *
 *   used[I] <= used[J] + degree(m) * ceil(load(S, m) / P) of kind(m)
 *
 * With several kinds `used` is a vector, and each ideal keeps the vectors that no other is below in every kind. That is
 * exact as long as no ideal has more of them than it may keep; beyond, those with the smallest priced sum stay.
 *
 * `descendPeriod` finds the least P for which the devices suffice. Every failure that is exact raises a lower bound (for
 * partitions along the family), every success lowers the period to what it really has, and one exact failure just below
 * the best period proves it least.
 */
import type { IdealFamily } from "./ideal-family.ts";
import type { Instance } from "./instance.ts";
import { usableModes } from "./period-search.ts";
import type { FoundPartition, FoundStage } from "./period-search.ts";
import { createStageWalk } from "./stage-walk.ts";
import type { WorkBound } from "./work-bound.ts";

export interface Descent {
  readonly best: FoundPartition | undefined;
  /** In quanta: no partition along the family has a smaller period. */
  readonly lowerBound: number;
  readonly steps: number;
  /** Steps weighed by what each costs. */
  readonly work: number;
}

const trialsMax = 40;

/** The least period within the devices, over a family of ideals; stops early at a period of `goodEnough` or less. */
export function descendPeriod(
  instance: Instance,
  family: IdealFamily,
  bound: WorkBound,
  known: FoundPeriod | undefined,
  limits: { readonly goodEnough: number; readonly workMax: number },
): Descent {
  let best: FoundPartition | undefined;
  let high = known?.period ?? Infinity;
  let lowerBound = bound.periodMin;
  /** Below this nothing was found, proved or not. */
  let low = lowerBound;
  let steps = 0;
  let work = 0;
  const tryPeriod = (period: number): boolean => {
    const result = searchDevices(instance, family, bound, period, limits.workMax - work);
    steps += result.steps;
    work += result.work;
    if (result.found !== undefined) {
      best = result.found;
      high = result.found.period;
      return true;
    }
    low = Math.max(low, period);
    // Nothing at most `period` is found, so the least period is above it.
    if (result.exact) lowerBound = Math.max(lowerBound, period);
    return false;
  };

  // Low periods leave little to search, so the first is looked for from below.
  const first = lowerBound === 0 ? [Infinity] : [limits.goodEnough / lowerBound, 1.05, 1.5, 4, 32, Infinity].map((factor) => lowerBound * factor);
  if (high === Infinity && !first.some(tryPeriod)) return { best, lowerBound, steps, work };
  for (let trial = 0; trial < trialsMax && high > limits.goodEnough && work < limits.workMax; trial++) {
    const isNarrow = high - low <= high * 1e-3;
    const justBelow = high * (1 - 2 ** -52);
    if (!tryPeriod(isNarrow ? justBelow : low + (high - low) / 2) && isNarrow) break;
  }
  const isLeast = lowerBound >= high * (1 - 2 ** -51);
  // Of the partitions with the least period, one with the fewest devices.
  if (work < limits.workMax) tryPeriod(high);
  return { best, lowerBound: isLeast ? high : lowerBound, steps, work };
}

interface FoundPeriod {
  readonly period: number;
}

export interface DeviceSearchResult {
  /** A partition with a period of at most P, if one was found; `period` is what it really has. */
  readonly found: FoundPartition | undefined;
  /** True when a better one (fewer devices), or one at all, cannot exist in the family. */
  readonly exact: boolean;
  readonly steps: number;
  /** Steps weighed by what each costs. */
  readonly work: number;
}

/** Device counts by which an ideal can be reached, and how. */
interface Label {
  readonly used: readonly number[];
  readonly price: number;
  readonly before: Label | undefined;
  readonly from: number;
  readonly mode: number;
  readonly replicas: number;
  readonly period: number;
}

/** Labels kept by all ideals together, and by one of them at least and at most. */
const labelsInAll = 50_000;
const labelsLeast = 3;
const labelsMost = 48;

/** Searches for a partition with a period of at most `period` quanta that uses the fewest devices. */
export function searchDevices(instance: Instance, family: IdealFamily, bound: WorkBound, period: number, workMax: number): DeviceSearchResult {
  const { modes, kindOf, degreeOf, replicasMax, memoryMax, deviceCounts } = instance;
  const walk = createStageWalk(instance, family);
  const { load, floor, memory } = walk.stage;
  const labels: Label[][] = Array.from({ length: family.count }, () => []);
  const replicasLeft = new Int32Array(modes);
  const last = family.count - 1;
  const capacity = bound.capacityLeft(new Int32Array(deviceCounts.length), 0);
  const priceMax = new Float64Array(family.count).fill(NaN);
  const labelsMax = Math.max(labelsLeast, Math.min(labelsMost, Math.floor(labelsInAll / family.count)));
  let live: readonly Label[] = [];
  let source = 0;
  let steps = 0;
  let work = 0;
  let exact = true;

  const offer = (to: number, m: number): void => {
    const replicas = replicasFor(load[m], period);
    if (replicas > replicasLeft[m]) return;
    const kind = kindOf[m];
    const uses = replicas * degreeOf[m];
    const target = labels[to];
    const price = uses * bound.prices[kind];
    // What devices may have cost so far if the rest can still be paid for.
    if (Number.isNaN(priceMax[to])) priceMax[to] = capacity - (period === Infinity ? 0 : bound.restOf(family.rows, to * family.words) / period);
    for (const label of live) {
      if (label.price + price > priceMax[to] * (1 + 1e-11)) continue;
      if (label.used[kind] + uses > deviceCounts[kind] || isBeaten(target, label.used, kind, uses)) continue;
      const used = label.used.with(kind, label.used[kind] + uses);
      const added: Label = {
        used, price: label.price + price, before: label, from: source, mode: m, replicas, period: Math.max(label.period, load[m] / replicas),
      };
      insertLabel(target, added);
      if (target.length > labelsMax) {
        target.pop();
        exact = false;
      }
    }
  };

  const visit = (to: number, mask: number): number => {
    let fits = mask;
    for (let m = 0; m < modes; m++) {
      if ((fits & (1 << m)) === 0) continue;
      // Not (period * replicasLeft), which is NaN for an infinite period and no replicas.
      if (memory[m] > memoryMax[m] || replicasLeft[m] === 0 || floor[m] / replicasLeft[m] > period) fits &= ~(1 << m);
      else offer(to, m);
    }
    return fits;
  };

  const measureLeft = (): void => {
    for (let m = 0; m < modes; m++) {
      const left = Math.max(0, ...live.map((label) => deviceCounts[kindOf[m]] - label.used[kindOf[m]]));
      replicasLeft[m] = Math.min(replicasMax[m], Math.floor(left / degreeOf[m]));
    }
  };

  labels[0].push({ used: Array.from(deviceCounts, () => 0), price: 0, before: undefined, from: 0, mode: 0, replicas: 0, period: 0 });
  for (source = 0; source < last && work < workMax; source++) {
    const rest = bound.restOf(family.rows, source * family.words);
    live = labels[source].filter((label) => rest <= period * bound.capacityLeft(label.used, 0));
    if (live.length === 0) continue;
    measureLeft();
    const weight = 1 + (live.length * modes * modes) / 8;
    const walked = walk.from(source, usableModes(instance), Math.ceil((workMax - work) / weight), visit);
    steps += walked;
    work += walked * weight;
  }
  const finished = work < workMax;
  return { found: readBack(labels[last], last), exact: exact && finished, steps, work };
}

/** The fewest replicas with load / replicas <= period, as doubles divide. */
function replicasFor(load: number, period: number): number {
  if (load === 0) return 1;
  const replicas = Math.max(1, Math.ceil(load / period));
  if (replicas > 1 && load / (replicas - 1) <= period) return replicas - 1;
  return load / replicas <= period ? replicas : replicas + 1;
}

/** True when a label uses no more of any kind than `used` with `uses` more of `kind`. */
function isBeaten(labels: readonly Label[], used: readonly number[], kind: number, uses: number): boolean {
  for (const label of labels) {
    let beats = true;
    for (let k = 0; k < used.length && beats; k++) beats = label.used[k] <= used[k] + (k === kind ? uses : 0);
    if (beats) return true;
  }
  return false;
}

/** Inserts a label by price and removes those it beats. */
function insertLabel(labels: Label[], added: Label): void {
  let kept = 0;
  for (const label of labels) {
    if (!added.used.every((count, kind) => count <= label.used[kind])) labels[kept++] = label;
  }
  labels.length = kept;
  let at = labels.length;
  while (at > 0 && labels[at - 1].price > added.price) at -= 1;
  labels.splice(at, 0, added);
}

function readBack(labels: readonly Label[], last: number): FoundPartition | undefined {
  const count = (label: Label): number => label.used.reduce((sum, used) => sum + used, 0);
  const best = labels.toSorted((a, b) => count(a) - count(b) || a.period - b.period)[0];
  if (best === undefined) return undefined;
  const stages: FoundStage[] = [];
  let to = last;
  for (let label = best; label.before !== undefined; label = label.before) {
    stages.push({ mode: label.mode, replicas: label.replicas, from: label.from, to });
    to = label.from;
  }
  return { period: best.period, devices: count(best), stages: stages.reverse() };
}
