/**
 * AWS instance shapes. Sizes, network and accelerators from the instance types pages; on-demand Linux prices in
 * us-east-1. A vCPU is a hardware thread, so a core's rate is halved where two threads share it.
 */
import { A100_40, A100_80, A10G, B200, EPYC_GENOA_CORE, EPYC_MILAN_CORE, H100, H200, L4, T4, XEON_CASCADE_LAKE_CORE } from "./devices.ts";
import type { DeviceType, Link, NodeType } from "./hardware.ts";

const GIB = 2 ** 30;
const PRICES_AS_OF = "2025-07-01";

const link = (latencyUs: number, gbPerSecond: number, shared: boolean): Link => ({ latencyUs, bytesPerSecond: gbPerSecond * 1e9, shared });

/** Device links by what joins the devices: the bus through host memory, or NVLink of each generation. */
const PCIE3 = link(15, 10, true);
const PCIE4 = link(15, 20, true);
const NVLINK3 = link(5, 250, false);
const NVLINK4 = link(5, 400, false);
const NVLINK5 = link(5, 800, false);

interface Shape {
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly core: DeviceType;
  readonly device?: DeviceType;
  readonly count?: number;
  readonly deviceLink: Link;
  readonly networkGbps: number;
  readonly dollarsPerHour: number;
}

function instance(name: string, shape: Shape): NodeType {
  const thread = { ...shape.core, peakFlopsPerSecond: { f32: (shape.core.peakFlopsPerSecond.f32 ?? 0) / 2 } };
  return {
    name,
    cores: shape.vcpus,
    core: thread,
    memoryBytes: shape.memoryGib * GIB,
    devices: shape.device === undefined ? [] : [{ count: shape.count ?? 1, device: shape.device }],
    deviceLink: shape.deviceLink,
    hostLink: shape.deviceLink === PCIE3 ? PCIE3 : PCIE4,
    network: link(50, shape.networkGbps / 8, true),
    price: { dollarsPerHour: shape.dollarsPerHour, region: "us-east-1", asOf: PRICES_AS_OF },
    source: "AWS EC2 instance types and on-demand pricing pages",
  };
}

const g4dn = (vcpus: number, memoryGib: number, count: number, networkGbps: number, dollarsPerHour: number) => ({
  vcpus, memoryGib, core: XEON_CASCADE_LAKE_CORE, device: T4, count, deviceLink: PCIE3, networkGbps, dollarsPerHour,
});
const g5 = (vcpus: number, memoryGib: number, count: number, networkGbps: number, dollarsPerHour: number) => ({
  vcpus, memoryGib, core: EPYC_MILAN_CORE, device: A10G, count, deviceLink: PCIE4, networkGbps, dollarsPerHour,
});
const g6 = (vcpus: number, memoryGib: number, count: number, networkGbps: number, dollarsPerHour: number) => ({
  vcpus, memoryGib, core: EPYC_MILAN_CORE, device: L4, count, deviceLink: PCIE4, networkGbps, dollarsPerHour,
});
const m5 = (vcpus: number, memoryGib: number, networkGbps: number, dollarsPerHour: number) => ({
  vcpus, memoryGib, core: XEON_CASCADE_LAKE_CORE, deviceLink: PCIE3, networkGbps, dollarsPerHour,
});

/** By the name a program writes: `aws.g4dn_12xlarge`. */
export const aws: Readonly<Record<string, NodeType>> = {
  g4dn_xlarge: instance("g4dn.xlarge", g4dn(4, 16, 1, 5, 0.526)),
  g4dn_12xlarge: instance("g4dn.12xlarge", g4dn(48, 192, 4, 50, 3.912)),
  g5_xlarge: instance("g5.xlarge", g5(4, 16, 1, 2.5, 1.006)),
  g5_12xlarge: instance("g5.12xlarge", g5(48, 192, 4, 40, 5.672)),
  g5_48xlarge: instance("g5.48xlarge", g5(192, 768, 8, 100, 16.288)),
  g6_xlarge: instance("g6.xlarge", g6(4, 16, 1, 2.5, 0.8048)),
  g6_12xlarge: instance("g6.12xlarge", g6(48, 192, 4, 40, 4.6016)),
  g6_48xlarge: instance("g6.48xlarge", g6(192, 768, 8, 100, 13.3504)),
  p4d_24xlarge: instance("p4d.24xlarge", { vcpus: 96, memoryGib: 1152, core: XEON_CASCADE_LAKE_CORE, device: A100_40, count: 8, deviceLink: NVLINK3, networkGbps: 400, dollarsPerHour: 21.9576 }),
  p4de_24xlarge: instance("p4de.24xlarge", { vcpus: 96, memoryGib: 1152, core: XEON_CASCADE_LAKE_CORE, device: A100_80, count: 8, deviceLink: NVLINK3, networkGbps: 400, dollarsPerHour: 27.4471 }),
  p5_48xlarge: instance("p5.48xlarge", { vcpus: 192, memoryGib: 2048, core: EPYC_MILAN_CORE, device: H100, count: 8, deviceLink: NVLINK4, networkGbps: 3200, dollarsPerHour: 55.04 }),
  p5en_48xlarge: instance("p5en.48xlarge", { vcpus: 192, memoryGib: 2048, core: EPYC_GENOA_CORE, device: H200, count: 8, deviceLink: NVLINK4, networkGbps: 3200, dollarsPerHour: 63.296 }),
  p6_b200_48xlarge: instance("p6-b200.48xlarge", { vcpus: 192, memoryGib: 2048, core: EPYC_GENOA_CORE, device: B200, count: 8, deviceLink: NVLINK5, networkGbps: 3200, dollarsPerHour: 113.9328 }),
  m5_4xlarge: instance("m5.4xlarge", m5(16, 64, 5, 0.768)),
  m5_16xlarge: instance("m5.16xlarge", m5(64, 256, 20, 3.072)),
  m5_24xlarge: instance("m5.24xlarge", m5(96, 384, 25, 4.608)),
};
