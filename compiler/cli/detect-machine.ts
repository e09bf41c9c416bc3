/** Asks this machine what it is: `nvidia-smi`, cgroup files, the system's own figures. Nothing is measured. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import type { MachineFacts } from "../plan/hardware/describe-machine.ts";
import { smiDeviceArgs } from "../plan/hardware/parse-nvidia-smi.ts";

export function detectMachine(): MachineFacts {
  const [cpu] = cpus();
  return {
    cpuModel: cpu?.model.trim() ?? "",
    cores: Math.max(1, Math.min(availableParallelism(), Math.ceil(cgroupCores() ?? Infinity))),
    threadsPerCore: countCpus(textOf("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list") ?? "0"),
    clockMhz: cpu?.speed ?? 0,
    memoryBytes: totalmem(),
    cgroupMemoryBytes: cgroupMemory(),
    smiDevices: output("nvidia-smi", smiDeviceArgs),
    smiTopology: output("nvidia-smi", ["topo", "-m"]),
  };
}

/** How many a list such as "0,4" or "0-1" names. */
function countCpus(list: string): number {
  const counts = list.trim().split(",").map((part) => {
    const [first, last = first] = part.split("-").map(Number);
    return first === undefined || last === undefined ? 0 : last - first + 1;
  });
  return Math.max(1, counts.reduce((sum, count) => sum + (count > 0 ? count : 0), 0));
}

/** The quota of version 2, then of version 1; undefined where there is none. */
function cgroupCores(): number | undefined {
  const [quota, period] = textOf("/sys/fs/cgroup/cpu.max")?.trim().split(" ") ?? [textOf("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")?.trim(), textOf("/sys/fs/cgroup/cpu/cpu.cfs_period_us")?.trim()];
  const cores = Number(quota) / Number(period);
  return cores > 0 && Number.isFinite(cores) ? cores : undefined;
}

function cgroupMemory(): number | undefined {
  const limit = Number((textOf("/sys/fs/cgroup/memory.max") ?? textOf("/sys/fs/cgroup/memory/memory.limit_in_bytes"))?.trim());
  // Version 1 writes the largest page-aligned number for "none".
  return limit > 0 && limit < 2 ** 60 ? limit : undefined;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function output(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", timeout: 20_000, stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return undefined;
  }
}
