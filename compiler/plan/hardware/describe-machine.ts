/** From what a machine tells of itself to a `Hardware`, with what could not be found out as diagnostics. Pure. */
import { hardwareCodes } from "../../../language/diagnostics/codes/hardware.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import type { DeviceGroup, DeviceType, Hardware, Link } from "../../../stdlib/hw/hardware.ts";
import { devices } from "../../../stdlib/hw/devices.ts";
import { linkDomainOf, parseSmiDevices, parseTopology, slowestLink } from "./parse-nvidia-smi.ts";
import type { SmiDevice } from "./parse-nvidia-smi.ts";

/** What the rim finds out. */
export interface MachineFacts {
  readonly cpuModel: string;
  /** Cores that this process may use: the machine's, its affinity and its cgroup's quota, whichever is least. */
  readonly cores: number;
  /** Threads that share one core's units, as the system numbers them: 2 where simultaneous multithreading is on. */
  readonly threadsPerCore: number;
  readonly clockMhz: number;
  readonly memoryBytes: number;
  /** Undefined where there is no limit. */
  readonly cgroupMemoryBytes: number | undefined;
  /** Output of `nvidia-smi`; undefined where there is none. */
  readonly smiDevices: string | undefined;
  readonly smiTopology: string | undefined;
}

export interface DescribedMachine {
  readonly hardware: Hardware;
  readonly diagnostics: readonly Diagnostic[];
}

export function describeMachine(facts: MachineFacts): DescribedMachine {
  const diagnostics: Diagnostic[] = [];
  const found = parseSmiDevices(facts.smiDevices ?? "");
  if (facts.smiDevices !== undefined && found.length === 0) {
    diagnostics.push(undetected("nvidia-smi", "it lists no device"));
  }
  const groups = groupDevices(found, diagnostics);
  const hostLink = pcieLink(found[0]);
  const topology = parseTopology(facts.smiTopology ?? "");
  // Devices of several types in one machine: which of them are neighbours is not known type by type.
  const linkDomain = groups.length === 1 ? linkDomainOf(topology) : undefined;
  const linked = linkDomain === undefined ? topology : topology.slice(0, linkDomain).map((row) => row.slice(0, linkDomain));
  const hardware: Hardware = {
    nodes: [{
      count: 1,
      node: {
        name: "this machine",
        cores: facts.cores,
        core: coreOf(facts),
        memoryBytes: Math.min(facts.memoryBytes, facts.cgroupMemoryBytes ?? Infinity),
        devices: groups,
        deviceLink: linkOf(slowestLink(linked), hostLink),
        ...(linkDomain === undefined ? {} : { linkDomain }),
        hostLink,
        network: { latencyUs: 50, bytesPerSecond: 1.25e9, shared: true },
        source: "pipec hw detect; the network is assumed to carry 10 Gbit/s",
      },
    }],
  };
  return { hardware, diagnostics };
}

/**
 * Two 8-wide multiply-adds a cycle, as x86 servers of the last ten years do with AVX2, shared by the threads of a core;
 * `pipec bench` measures better.
 */
function coreOf(facts: MachineFacts): DeviceType {
  const clockMhz = facts.clockMhz > 0 ? facts.clockMhz : 2500;
  return {
    name: facts.cpuModel === "" ? "core of this machine" : facts.cpuModel,
    provider: "cpu",
    memoryBytes: 0,
    memoryBytesPerSecond: 3e9,
    peakFlopsPerSecond: { f32: (clockMhz * 1e6 * 32) / facts.threadsPerCore },
    efficiency: 0.6,
    launchUs: 1,
    source: `clock as the system states it, 32 FLOP a cycle${facts.threadsPerCore > 1 ? ` for ${facts.threadsPerCore} threads of a core` : ""} and 3 GB/s a core assumed`,
  };
}

function groupDevices(found: readonly SmiDevice[], diagnostics: Diagnostic[]): readonly DeviceGroup[] {
  const groups = new Map<string, DeviceGroup>();
  for (const smi of found) {
    const key = `${smi.name} ${smi.memoryBytes}`;
    const known = groups.get(key);
    groups.set(key, known === undefined ? { count: 1, device: deviceOf(smi, diagnostics) } : { ...known, count: known.count + 1 });
  }
  return [...groups.values()];
}

/** Names in `nvidia-smi`'s list, most telling first. A100 is told apart by its memory. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/\bA100\b.*80GB/, "A100-80"], [/\bA100\b/, "A100-40"], [/\bA10G\b/, "A10G"], [/\bH100\b/, "H100"], [/\bH200\b/, "H200"],
  [/\bB200\b/, "B200"], [/\bL4\b/, "L4"], [/\bT4\b/, "T4"], [/\bRTX 4090\b/, "RTX 4090"],
];

function deviceOf(smi: SmiDevice, diagnostics: Diagnostic[]): DeviceType {
  const name = KNOWN.find(([pattern]) => pattern.test(smi.name))?.[1];
  const known = devices.find((device) => device.name === name);
  if (known !== undefined) return { ...known, memoryBytes: smi.memoryBytes };
  diagnostics.push(undetected(smi.name, "its rates are not known; those of an RTX 4090 stand for them"));
  const like = devices.find((device) => device.name === "RTX 4090");
  if (like === undefined) throw new Error("the RTX 4090 is no longer described");
  return { ...like, name: smi.name, memoryBytes: smi.memoryBytes, source: `rates of ${like.name} assumed; memory as nvidia-smi shows it` };
}

function undetected(device: string, what: string): Diagnostic {
  const { code, severity, message } = hardwareCodes.hardwareUndetected;
  return { code, severity, message: message({ device, what }), labels: [] };
}

/** Two thirds of a lane's raw rate, which is what copies from pageable memory reach. */
function pcieLink(smi: SmiDevice | undefined): Link {
  const gigabytesPerLane = [0, 0.25, 0.5, 1, 2, 4, 8][smi?.pcieGeneration ?? 4] ?? 2;
  return { latencyUs: 15, bytesPerSecond: (gigabytesPerLane * (smi?.pcieWidth ?? 16) * 1e9 * 2) / 3, shared: true };
}

/** NVLink bridges carry 25 GB/s each way and bridge, of which four fifths are in use. */
function linkOf(kind: string | undefined, hostLink: Link): Link {
  const bridges = kind !== undefined && /^NV\d+$/.test(kind) ? Number(kind.slice(2)) : 0;
  return bridges === 0 ? hostLink : { latencyUs: 5, bytesPerSecond: bridges * 20e9, shared: false };
}
