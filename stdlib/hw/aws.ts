/**
 * AWS instance shapes. Sizes, network and accelerators from the instance types pages; on-demand Linux prices in
 * us-east-1. A vCPU is a hardware thread, so a core's rate is halved where two threads share it.
 */
import { A100_40, A100_80, A10G, B200, EPYC_MILAN_CORE, H100, H200, L4, T4, XEON_CASCADE_LAKE_CORE, XEON_SAPPHIRE_RAPIDS_CORE } from "./devices.ts";
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
    hostLink: shape.core === XEON_CASCADE_LAKE_CORE ? PCIE3 : PCIE4,
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

const large = (core: DeviceType, device: DeviceType, deviceLink: Link, memoryGib: number, vcpus: number, dollarsPerHour: number): Shape => ({
  vcpus, memoryGib, core, device, count: 8, deviceLink, networkGbps: device === A100_40 || device === A100_80 ? 400 : 3200, dollarsPerHour,
});

/** By the name a program writes: `aws.g4dn_12xlarge`. Where a size bursts, the bandwidth is what it holds for good. */
export const aws: Readonly<Record<string, NodeType>> = {
  g4dn_xlarge: instance("g4dn.xlarge", g4dn(4, 16, 1, 5, 0.526)),
  g4dn_2xlarge: instance("g4dn.2xlarge", g4dn(8, 32, 1, 10, 0.752)),
  g4dn_4xlarge: instance("g4dn.4xlarge", g4dn(16, 64, 1, 20, 1.204)),
  g4dn_8xlarge: instance("g4dn.8xlarge", g4dn(32, 128, 1, 50, 2.176)),
  g4dn_12xlarge: instance("g4dn.12xlarge", g4dn(48, 192, 4, 50, 3.912)),
  g4dn_16xlarge: instance("g4dn.16xlarge", g4dn(64, 256, 1, 50, 4.352)),
  g4dn_metal: instance("g4dn.metal", g4dn(96, 384, 8, 100, 7.824)),
  g5_xlarge: instance("g5.xlarge", g5(4, 16, 1, 2.5, 1.006)),
  g5_2xlarge: instance("g5.2xlarge", g5(8, 32, 1, 5, 1.212)),
  g5_4xlarge: instance("g5.4xlarge", g5(16, 64, 1, 10, 1.624)),
  g5_8xlarge: instance("g5.8xlarge", g5(32, 128, 1, 25, 2.448)),
  g5_12xlarge: instance("g5.12xlarge", g5(48, 192, 4, 40, 5.672)),
  g5_16xlarge: instance("g5.16xlarge", g5(64, 256, 1, 25, 4.096)),
  g5_24xlarge: instance("g5.24xlarge", g5(96, 384, 4, 50, 8.144)),
  g5_48xlarge: instance("g5.48xlarge", g5(192, 768, 8, 100, 16.288)),
  g6_xlarge: instance("g6.xlarge", g6(4, 16, 1, 2.5, 0.8048)),
  g6_2xlarge: instance("g6.2xlarge", g6(8, 32, 1, 5, 0.9776)),
  g6_4xlarge: instance("g6.4xlarge", g6(16, 64, 1, 10, 1.3232)),
  g6_8xlarge: instance("g6.8xlarge", g6(32, 128, 1, 25, 2.0144)),
  g6_12xlarge: instance("g6.12xlarge", g6(48, 192, 4, 40, 4.6016)),
  g6_16xlarge: instance("g6.16xlarge", g6(64, 256, 1, 25, 3.3968)),
  g6_24xlarge: instance("g6.24xlarge", g6(96, 384, 4, 50, 6.6752)),
  g6_48xlarge: instance("g6.48xlarge", g6(192, 768, 8, 100, 13.3504)),
  p4d_24xlarge: instance("p4d.24xlarge", large(XEON_CASCADE_LAKE_CORE, A100_40, NVLINK3, 1152, 96, 21.9576)),
  p4de_24xlarge: instance("p4de.24xlarge", large(XEON_CASCADE_LAKE_CORE, A100_80, NVLINK3, 1152, 96, 27.4471)),
  p5_48xlarge: instance("p5.48xlarge", large(EPYC_MILAN_CORE, H100, NVLINK4, 2048, 192, 55.04)),
  p5en_48xlarge: instance("p5en.48xlarge", large(XEON_SAPPHIRE_RAPIDS_CORE, H200, NVLINK4, 2048, 192, 63.296)),
  p6_b200_48xlarge: instance("p6-b200.48xlarge", large(XEON_SAPPHIRE_RAPIDS_CORE, B200, NVLINK5, 2048, 192, 113.9328)),
  m5_large: instance("m5.large", m5(2, 8, 0.75, 0.096)),
  m5_xlarge: instance("m5.xlarge", m5(4, 16, 1.25, 0.192)),
  m5_2xlarge: instance("m5.2xlarge", m5(8, 32, 2.5, 0.384)),
  m5_4xlarge: instance("m5.4xlarge", m5(16, 64, 5, 0.768)),
  m5_8xlarge: instance("m5.8xlarge", m5(32, 128, 10, 1.536)),
  m5_12xlarge: instance("m5.12xlarge", m5(48, 192, 12, 2.304)),
  m5_16xlarge: instance("m5.16xlarge", m5(64, 256, 20, 3.072)),
  m5_24xlarge: instance("m5.24xlarge", m5(96, 384, 25, 4.608)),
};
