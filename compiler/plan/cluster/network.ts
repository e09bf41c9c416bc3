/**
 * What a plan sends over the network, machine type by machine type. Cores work on rows in proportion to their number,
 * devices in proportion to their lanes' rates; what is made on one machine type and used on another has to travel, and
 * every machine reads its share of the source and writes its share of the sinks.
 */
import type { Hardware } from "../../../stdlib/hw/hardware.ts";
import { coreSpeed, poolCores } from "./core-pool.ts";
import type { ResourceUse } from "./cluster-plan.ts";

export interface Traffic {
  readonly sourceBytes: number;
  readonly sinkBytes: number;
  /** Into and out of models on devices, per row of the source. */
  readonly deviceInBytes: number;
  readonly deviceOutBytes: number;
  /** By node group: the share of the rows whose models run there; sums to 1, or to 0 without devices. */
  readonly deviceShares: readonly number[];
}

/** The limit of each machine type's network cards. A single machine has no neighbours: only storage is remote. */
export function networkLimits(hardware: Hardware, traffic: Traffic): readonly Omit<ResourceUse, "use">[] {
  const cores = poolCores(hardware);
  return hardware.nodes.flatMap(({ count, node }, index) => {
    const coreShare = (count * node.cores * coreSpeed(node)) / cores;
    const deviceShare = traffic.deviceShares[index] ?? 0;
    const arriving = Math.max(0, deviceShare - coreShare);
    const leaving = Math.max(0, coreShare - deviceShare);
    const hasDevices = traffic.deviceShares.some((share) => share > 0);
    const received = coreShare * traffic.sourceBytes + (hasDevices ? arriving * traffic.deviceInBytes + leaving * traffic.deviceOutBytes : 0);
    const sent = coreShare * traffic.sinkBytes + (hasDevices ? leaving * traffic.deviceInBytes + arriving * traffic.deviceOutBytes : 0);
    const bytes = Math.max(received, sent);
    if (bytes === 0) return [];
    return [{ name: `network of ${node.name}`, limitRowsPerSecond: (count * node.network.bytesPerSecond) / bytes }];
  });
}

/** What no placement avoids: the source has to come in and the results have to go out. */
export function networkFloorPs(hardware: Hardware, traffic: Pick<Traffic, "sourceBytes" | "sinkBytes">): number {
  const total = hardware.nodes.reduce((sum, { count, node }) => sum + count * node.network.bytesPerSecond, 0);
  return (Math.max(traffic.sourceBytes, traffic.sinkBytes) / total) * 1e12;
}
