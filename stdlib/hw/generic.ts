/** Machines that stand under desks and in racks: round figures around one processor or card, without a price. */
import { EPYC_GENOA_CORE, EPYC_MILAN_CORE, RTX_4090 } from "./devices.ts";
import type { DeviceType, Link, NodeType } from "./hardware.ts";

const GIB = 2 ** 30;
const PCIE4: Link = { latencyUs: 15, bytesPerSecond: 20e9, shared: true };
const ethernet = (gbps: number): Link => ({ latencyUs: 50, bytesPerSecond: gbps * 1.25e8, shared: true });

function machine(name: string, cores: number, core: DeviceType, memoryGib: number, networkGbps: number, cards: number): NodeType {
  return {
    name,
    cores,
    core,
    memoryBytes: memoryGib * GIB,
    devices: cards === 0 ? [] : [{ count: cards, device: RTX_4090 }],
    deviceLink: PCIE4,
    hostLink: PCIE4,
    network: ethernet(networkGbps),
    source: "a round figure, not a product",
  };
}

/** By the name a program writes: `generic.rtx_4090_x2`. */
export const generic: Readonly<Record<string, NodeType>> = {
  epyc_milan_64: machine("64 cores of EPYC Milan", 64, EPYC_MILAN_CORE, 256, 25, 0),
  epyc_genoa_96: machine("96 cores of EPYC Genoa", 96, EPYC_GENOA_CORE, 384, 25, 0),
  rtx_4090: machine("workstation with an RTX 4090", 16, EPYC_MILAN_CORE, 64, 10, 1),
  rtx_4090_x2: machine("workstation with two RTX 4090", 32, EPYC_MILAN_CORE, 128, 10, 2),
  rtx_4090_x8: machine("server with eight RTX 4090", 64, EPYC_GENOA_CORE, 512, 100, 8),
};
