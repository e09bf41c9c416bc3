/**
 * The dynamic program over ideals. With `best[J][u]` the least possible largest period of a partition of ideal J into
 * stages that use u devices (u counts each kind), a stage S = I \ J in mode m with r replicas gives
 *
 *   best[I][u + r * degree(m) of kind(m)] <= max(best[J][u], load(S, m) / r)
 *
 * Over all ideals this is exact, because a partition whose stages can be numbered along the order is a chain of ideals.
 * Over some ideals it finds the best partition that can be cut along them.
 *
 * Only partitions with a period of at most `cutoff` are looked for, and the cutoff falls with each one found. From J the
 * walk grows S one class at a time. It turns back when no mode can hold S any more: the memory of S and the part of its
 * load that no larger set can lose only grow. A state (J, u) is skipped when the work not yet placed, weighed by device
 * prices (work-bound.ts), is more than the devices left can do in the cutoff.
 */
import { devicesInUse } from "./device-usage.ts";
import type { DeviceUsage } from "./device-usage.ts";
import type { IdealFamily } from "./ideal-family.ts";
import type { Instance } from "./instance.ts";
import { createStageWalk } from "./stage-walk.ts";
import type { WorkBound } from "./work-bound.ts";

export interface SearchLimits {
  /** In quanta; partitions with a larger period are not looked for. Infinity for no limit. */
  readonly cutoff: number;
  /** Work to do before giving up: candidate stages, weighed by what each costs. */
  readonly workMax: number;
}

export interface FoundStage {
  readonly mode: number;
  readonly replicas: number;
  /** Numbers of the ideals before and after the stage. */
  readonly from: number;
  readonly to: number;
}

export interface FoundPartition {
  /** In quanta. */
  readonly period: number;
  readonly devices: number;
  readonly stages: readonly FoundStage[];
}

export interface SearchResult {
  /** The best partition within the cutoff, if there is one. */
  readonly found: FoundPartition | undefined;
  /** False when the work ran out, so that there may be a better one. */
  readonly finished: boolean;
  /** Candidate stages looked at. */
  readonly steps: number;
  readonly work: number;
}

/** best[ideal * states + state], and how it was reached. */
interface Table {
  readonly best: Float64Array;
  readonly fromIdeal: Int32Array;
  readonly fromState: Int32Array;
  readonly fromMode: Uint8Array;
  readonly fromReplicas: Uint16Array;
}

/** Runs the dynamic program over a family of ideals. */
export function searchPeriod(
  instance: Instance,
  family: IdealFamily,
  usage: DeviceUsage,
  bound: WorkBound,
  limits: SearchLimits,
): SearchResult {
  const { states, kinds } = usage;
  const { modes, kindOf, degreeOf, replicasMax, memoryMax } = instance;
  const { rows, words } = family;
  const table = createTable(family.count * states);
  const { best, fromIdeal, fromState, fromMode, fromReplicas } = table;
  const walk = createStageWalk(instance, family);
  const { load, floor, memory } = walk.stage;
  const last = family.count - 1;
  const live = new Int32Array(states);
  let liveCount = 0;
  let leastLive = 0;
  let cutoff = limits.cutoff;
  let steps = 0;
  let work = 0;
  let source = 0;

  /** Offers the stage built, in mode m with so many replicas, to every usage that reaches its source ideal. */
  const offer = (to: number, m: number, replicas: number, period: number): void => {
    const kind = kindOf[m];
    const uses = replicas * degreeOf[m];
    const stride = uses * usage.stride[kind];
    for (let i = 0; i < liveCount; i++) {
      const state = live[i];
      if (usage.used[state * kinds + kind] + uses > usage.counts[kind]) continue;
      const before = best[source * states + state];
      const candidate = before > period ? before : period;
      const at = to * states + state + stride;
      if (candidate >= best[at] || candidate > cutoff) continue;
      best[at] = candidate;
      fromIdeal[at] = source;
      fromState[at] = state;
      fromMode[at] = m;
      fromReplicas[at] = replicas;
      if (to === last) cutoff = candidate;
    }
  };

  const offerMode = (to: number, m: number): void => {
    for (let replicas = 1; replicas <= replicasMax[m]; replicas++) {
      const period = load[m] / replicas;
      if (period > cutoff) continue;
      offer(to, m, replicas, period);
      // More replicas cannot help a stage that already is no slower than what comes before it.
      if (period <= leastLive) break;
    }
  };

  const visit = (to: number, mask: number): number => {
    let fits = mask;
    for (let m = 0; m < modes; m++) {
      if ((fits & (1 << m)) === 0) continue;
      if (memory[m] > memoryMax[m] || floor[m] > cutoff * replicasMax[m]) fits &= ~(1 << m);
      else offerMode(to, m);
    }
    return fits;
  };

  /** Collects the usages from which a partition within the cutoff may still be reached. */
  const collectLive = (): void => {
    liveCount = 0;
    leastLive = Infinity;
    const rest = bound.restOf(rows, source * words);
    for (let state = 0; state < states; state++) {
      const value = best[source * states + state];
      if (value > cutoff || value === Infinity || isDominated(usage, best, source * states, state)) continue;
      if (rest > cutoff * bound.capacityLeft(usage.used, state * kinds)) continue;
      live[liveCount++] = state;
      if (value < leastLive) leastLive = value;
    }
  };

  best[0] = 0;
  const allModes = usableModes(instance);
  for (source = 0; source < last && work < limits.workMax; source++) {
    collectLive();
    if (liveCount === 0) continue;
    const weight = 1 + (liveCount * modes) / 64;
    const walked = walk.from(source, allModes, Math.ceil((limits.workMax - work) / weight), visit);
    steps += walked;
    work += walked * weight;
  }
  return { found: readBack(table, usage, last), finished: work < limits.workMax, steps, work };
}

/** The modes for which there are devices, as bits. */
export function usableModes(instance: Instance): number {
  return instance.replicasMax.reduce((mask, most, m) => (most > 0 ? mask | (1 << m) : mask), 0);
}

function createTable(size: number): Table {
  return {
    best: new Float64Array(size).fill(Infinity),
    fromIdeal: new Int32Array(size),
    fromState: new Int32Array(size),
    fromMode: new Uint8Array(size),
    fromReplicas: new Uint16Array(size),
  };
}

/** True when one device less of some kind reaches the ideal with a period no larger. */
function isDominated(usage: DeviceUsage, best: Float64Array, row: number, state: number): boolean {
  const { kinds, used, stride } = usage;
  for (let kind = 0; kind < kinds; kind++) {
    if (used[state * kinds + kind] > 0 && best[row + state - stride[kind]] <= best[row + state]) return true;
  }
  return false;
}

/** The partition with the smallest period, and among those the fewest devices. */
function readBack(table: Table, usage: DeviceUsage, last: number): FoundPartition | undefined {
  const { states } = usage;
  let chosen = -1;
  let period = Infinity;
  let devices = 0;
  for (let state = 0; state < states; state++) {
    const value = table.best[last * states + state];
    const count = devicesInUse(usage, state);
    if (value > period || value === Infinity || (value === period && count >= devices)) continue;
    chosen = state;
    period = value;
    devices = count;
  }
  if (chosen === -1) return undefined;
  const stages: FoundStage[] = [];
  for (let to = last, state = chosen; to !== 0; ) {
    const at = to * states + state;
    stages.push({ mode: table.fromMode[at], replicas: table.fromReplicas[at], from: table.fromIdeal[at], to });
    to = table.fromIdeal[at];
    state = table.fromState[at];
  }
  return { period, devices, stages: stages.reverse() };
}
