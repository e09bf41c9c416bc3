/**
 * How many processes the kernel has killed for memory, where it says: in the control group of this process, else on the
 * whole machine. A SIGKILL between two looks that found more was for memory.
 */
import { readFileSync } from "node:fs";

/** Undefined where the system does not say. */
export function countOomKills(): number | undefined {
  return ofControlGroup() ?? fieldOf("/proc/vmstat", "oom_kill");
}

function ofControlGroup(): number | undefined {
  const groups = readText("/proc/self/cgroup");
  if (groups === undefined) return undefined;
  const unified = /^0::(.*)$/m.exec(groups)?.[1];
  const memory = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  const candidates = [
    ...(unified === undefined ? [] : [`/sys/fs/cgroup${unified}/memory.events`, "/sys/fs/cgroup/memory.events"]),
    ...(memory === undefined ? [] : [`/sys/fs/cgroup/memory${memory}/memory.oom_control`, "/sys/fs/cgroup/memory/memory.oom_control"]),
  ];
  for (const file of candidates) {
    const count = fieldOf(file, "oom_kill");
    if (count !== undefined) return count;
  }
  return undefined;
}

function fieldOf(file: string, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\d+)$`, "m").exec(readText(file) ?? "");
  return found === null ? undefined : Number(found[1]);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
