/** Devices by name, from their makers' data sheets: dense rates, without structured sparsity. */
import type { DeviceType } from "./hardware.ts";

const GIB = 2 ** 30;
const GB_PER_SECOND = 1e9;
const TERA = 1e12;

/** What batched inference commonly reaches of the peak; a guess until `pipec bench` measures. */
const GPU_EFFICIENCY = 0.5;

function gpu(
  name: string,
  memoryGib: number,
  bandwidthGbPerSecond: number,
  peakTera: Readonly<Partial<Record<"f32" | "tf32" | "f16" | "f8" | "i8", number>>>,
  source: string,
): DeviceType {
  const rates = Object.fromEntries(Object.entries(peakTera).map(([dtype, tera]) => [dtype, tera * TERA]));
  // Turing has no bfloat16; everything newer runs it at f16's rate.
  const bf16 = name === "T4" || peakTera.f16 === undefined ? {} : { bf16: peakTera.f16 * TERA };
  return {
    name,
    provider: "cuda",
    memoryBytes: memoryGib * GIB,
    memoryBytesPerSecond: bandwidthGbPerSecond * GB_PER_SECOND,
    peakFlopsPerSecond: { ...rates, ...bf16 },
    efficiency: GPU_EFFICIENCY,
    launchUs: 5,
    source,
  };
}

export const T4 = gpu("T4", 15, 320, { f32: 8.1, f16: 65, i8: 130 }, "NVIDIA T4 data sheet, 2019; memory as nvidia-smi shows it (15,360 MiB)");
export const A10G = gpu("A10G", 22.5, 600, { f32: 31.5, tf32: 35, f16: 70, i8: 140 }, "NVIDIA A10G data sheet, 2021; memory as nvidia-smi shows it (23,028 MiB)");
export const L4 = gpu("L4", 22.5, 300, { f32: 30.3, tf32: 60, f16: 121, f8: 242, i8: 242 }, "NVIDIA L4 data sheet, 2023 (dense rates)");
export const A100_40 = gpu("A100-40", 40, 1555, { f32: 19.5, tf32: 156, f16: 312, i8: 624 }, "NVIDIA A100 data sheet, 2021 (SXM, 40 GB)");
export const A100_80 = gpu("A100-80", 80, 2039, { f32: 19.5, tf32: 156, f16: 312, i8: 624 }, "NVIDIA A100 data sheet, 2021 (SXM, 80 GB)");
export const H100 = gpu("H100", 79.6, 3350, { f32: 67, tf32: 494, f16: 989, f8: 1979, i8: 1979 }, "NVIDIA H100 data sheet, 2023 (SXM5, dense rates)");
export const H200 = gpu("H200", 140.4, 4800, { f32: 67, tf32: 494, f16: 989, f8: 1979, i8: 1979 }, "NVIDIA H200 data sheet, 2024 (SXM, dense rates)");
export const B200 = gpu("B200", 179, 7700, { f32: 75, tf32: 1100, f16: 2250, f8: 4500, i8: 4500 }, "NVIDIA HGX B200 data sheet, 2024 (a device of eight, dense rates)");
export const RTX_4090 = gpu("RTX 4090", 24, 1008, { f32: 82.6, tf32: 82.6, f16: 165.2, f8: 330.3, i8: 660.6 }, "NVIDIA Ada architecture paper, 2022 (f16 with f32 sums)");

/** One core's share of a server processor: two 8-wide f32 multiply-adds a cycle at the clock all cores hold. */
function core(name: string, gigahertz: number, bandwidthGbPerSecond: number, source: string): DeviceType {
  return {
    name,
    provider: "cpu",
    memoryBytes: 0,
    memoryBytesPerSecond: bandwidthGbPerSecond * GB_PER_SECOND,
    peakFlopsPerSecond: { f32: gigahertz * 1e9 * 32 },
    efficiency: 0.6,
    launchUs: 1,
    source,
  };
}

export const EPYC_MILAN_CORE = core("EPYC Milan core", 3.0, 3.2, "AMD EPYC 7003 series data sheet, 2021 (204.8 GB/s over 64 cores)");
export const EPYC_GENOA_CORE = core("EPYC Genoa core", 3.5, 4.8, "AMD EPYC 9004 series data sheet, 2022 (460.8 GB/s over 96 cores)");
export const XEON_CASCADE_LAKE_CORE = core("Xeon Cascade Lake core", 2.9, 2.9, "Intel Xeon Platinum 8259CL as AWS states it; half of 5.8 for two threads a core");

export const XEON_SAPPHIRE_RAPIDS_CORE = core("Xeon Sapphire Rapids core", 3.0, 3.2, "Intel Xeon Platinum 8488C as AWS states it; half of 6.4 for two threads a core");

/** All devices, in the order in which `pipec hw show` lists them. */
export const devices: readonly DeviceType[] = [T4, A10G, L4, A100_40, A100_80, H100, H200, B200, RTX_4090, EPYC_MILAN_CORE, EPYC_GENOA_CORE, XEON_CASCADE_LAKE_CORE, XEON_SAPPHIRE_RAPIDS_CORE];
