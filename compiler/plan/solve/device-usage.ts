/**
 * How many devices of each kind are in use, as one number in mixed radix, so that a table can be indexed by it.
 *
 * Devices are counted in units. A unit is one device as long as that keeps the number of states within `statesMax`;
 * with thousands of devices it is several, a stage then takes whole units, and the search over such states is not exact.
 */
import type { Instance } from "./instance.ts";

export interface DeviceUsage {
  readonly states: number;
  readonly kinds: number;
  /** Devices in a unit, by kind. */
  readonly unit: Int32Array;
  /** Units there are, by kind. */
  readonly units: Int32Array;
  /** What one more unit of a kind adds to the state. */
  readonly stride: Int32Array;
  /** Units in use: [state * kinds + kind]. */
  readonly used: Int32Array;
  /** True when every unit is one device. */
  readonly exact: boolean;
}

export function createDeviceUsage(instance: Instance, statesMax: number): DeviceUsage {
  const kinds = instance.deviceCounts.length;
  // A kind never has more devices in use than stages can take.
  const counts = instance.deviceCounts.map((count, kind) => Math.min(count, mostUsed(instance, kind)));
  const unit = new Int32Array(kinds).fill(1);
  const units = Int32Array.from(counts);
  const product = (): number => units.reduce((states, of) => states * (of + 1), 1);
  while (product() > statesMax && units.some((of) => of > 1)) {
    const kind = units.indexOf(Math.max(...units));
    unit[kind] += 1;
    units[kind] = Math.floor(counts[kind] / unit[kind]);
  }
  const states = product();
  const stride = new Int32Array(kinds);
  for (let kind = 0, product = 1; kind < kinds; product *= units[kind] + 1, kind++) stride[kind] = product;
  const used = new Int32Array(states * kinds);
  for (let at = 0; at < used.length; at++) {
    const kind = at % kinds;
    used[at] = Math.floor(Math.floor(at / kinds) / stride[kind]) % (units[kind] + 1);
  }
  return { states, kinds, unit, units, stride, used, exact: unit.every((of) => of === 1) };
}

function mostUsed(instance: Instance, kind: number): number {
  const perStage = instance.replicasMax.map((replicas, mode) => (instance.kindOf[mode] === kind ? replicas * instance.degreeOf[mode] : 0));
  return Math.min(instance.classes * Math.max(0, ...perStage), 0x7fffffff);
}

/** Units in use over all kinds, in devices. */
export function devicesInUse(usage: DeviceUsage, state: number): number {
  let devices = 0;
  for (let kind = 0; kind < usage.kinds; kind++) devices += usage.used[state * usage.kinds + kind] * usage.unit[kind];
  return devices;
}
