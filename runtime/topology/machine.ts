/** What of the machine this process may use: its cores and its memory, as containers (cgroups) allow. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { dirname, join } from "node:path";

const CGROUP_ROOT = "/sys/fs/cgroup";

/** Cores that this process may keep busy, at least one; PIPEC_CORES says otherwise. */
export function coresOfMachine(): number {
  const told = Number(process.env["PIPEC_CORES"] ?? "");
  if (Number.isInteger(told) && told >= 1) return told;
  return Math.max(1, Math.min(availableParallelism(), cpuQuota()));
}

/** Threads of libuv's pool where Node is not told otherwise. */
const POOL_THREADS = 4;

/** Pictures are decoded, and files read, on a pool of threads that all workers of a process share: one for each core. */
export function nativeThreads(): number {
  return Math.max(POOL_THREADS, coresOfMachine());
}

/** Bytes that can still be had before the system or the container kills someone. */
export function freeMemoryBytes(): number {
  return Math.min(freemem(), oldRoom(), ...cgroupFolders().map(roomIn));
}

/** Cores by quota, rounded up: a share of a core left idle is worse than a moment's throttling. */
function cpuQuota(): number {
  const quotas = cgroupFolders().map((folder) => {
    const [quota, period] = (readText(join(folder, "cpu.max")) ?? "").split(" ");
    return Number(quota) > 0 && Number(period) > 0 ? Math.ceil(Number(quota) / Number(period)) : Infinity;
  });
  const old = Number(readText(join(CGROUP_ROOT, "cpu/cpu.cfs_quota_us")) ?? -1) / Number(readText(join(CGROUP_ROOT, "cpu/cpu.cfs_period_us")) ?? 1);
  return Math.min(Infinity, ...quotas, old > 0 ? Math.ceil(old) : Infinity);
}

function roomIn(folder: string): number {
  const [most, now] = [readText(join(folder, "memory.max")), readText(join(folder, "memory.current"))];
  if (most === undefined || now === undefined || most === "max") return Infinity;
  // What the page cache holds of files is given back at need.
  const cached = Number(/^inactive_file (\d+)$/m.exec(readText(join(folder, "memory.stat")) ?? "")?.[1] ?? 0);
  return Math.max(0, Number(most) - Number(now) + cached);
}

/** In a cgroup of version 1. One without a limit names a number beyond any memory. */
function oldRoom(): number {
  const path = /^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m.exec(readText("/proc/self/cgroup") ?? "")?.[1];
  const folder = path === undefined ? undefined : [join(CGROUP_ROOT, "memory", path), join(CGROUP_ROOT, "memory")].find((one) => existsSync(join(one, "memory.limit_in_bytes")));
  if (folder === undefined) return Infinity;
  const cached = Number(/^total_inactive_file (\d+)$/m.exec(readText(join(folder, "memory.stat")) ?? "")?.[1] ?? 0);
  return Math.max(0, Number(readText(join(folder, "memory.limit_in_bytes")) ?? Infinity) - Number(readText(join(folder, "memory.usage_in_bytes")) ?? 0) + cached);
}

/** This process's cgroup (version 2) and those around it: each may set a limit. */
function cgroupFolders(): readonly string[] {
  const path = /^0::(.*)$/m.exec(readText("/proc/self/cgroup") ?? "")?.[1];
  if (path === undefined) return [];
  const folders: string[] = [];
  for (let folder = join(CGROUP_ROOT, path); folder.startsWith(CGROUP_ROOT); folder = dirname(folder)) folders.push(folder);
  return folders;
}

function readText(file: string): string | undefined {
  try {
    return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  } catch {
    return undefined;
  }
}
