/** How many devices of each kind are in use, as one number in mixed radix, so that a table can be indexed by it. */
import type { Instance } from "./instance.ts";

export interface DeviceUsage {
  readonly states: number;
  readonly kinds: number;
  /** Devices there are, by kind. */
  readonly counts: Int32Array;
  /** What one more device of a kind adds to the state. */
  readonly stride: Int32Array;
  /** Devices in use: [state * kinds + kind]. */
  readonly used: Int32Array;
}

/** The number of usages, without making them. */
export function countUsages(instance: Instance): number {
  return usableCounts(instance).reduce((states, count) => states * (count + 1), 1);
}

export function createDeviceUsage(instance: Instance): DeviceUsage {
  const counts = usableCounts(instance);
  const kinds = counts.length;
  const states = countUsages(instance);
  const stride = new Int32Array(kinds);
  for (let kind = 0, product = 1; kind < kinds; product *= counts[kind] + 1, kind++) stride[kind] = product;
  const used = new Int32Array(states * kinds);
  for (let at = 0; at < used.length; at++) {
    const kind = at % kinds;
    used[at] = Math.floor(Math.floor(at / kinds) / stride[kind]) % (counts[kind] + 1);
  }
  return { states, kinds, counts, stride, used };
}

/** A kind never has more devices in use than stages can take. */
function usableCounts(instance: Instance): Int32Array {
  return instance.deviceCounts.map((count, kind) => {
    const perStage = instance.replicasMax.map((replicas, mode) => (instance.kindOf[mode] === kind ? replicas * instance.degreeOf[mode] : 0));
    return Math.min(count, instance.classes * Math.max(0, ...perStage));
  });
}

export function devicesInUse(usage: DeviceUsage, state: number): number {
  let devices = 0;
  for (let kind = 0; kind < usage.kinds; kind++) devices += usage.used[state * usage.kinds + kind];
  return devices;
}
