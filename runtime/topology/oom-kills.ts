/**
 * How many processes the kernel has killed for memory, where it says: in the control group of this process, else on the
 * whole machine. A SIGKILL between two looks that found more was for memory.
 */
import { readFileSync } from "node:fs";

/** A file's text; undefined where it cannot be read. */
type ReadText = (file: string) => string | undefined;

/** Undefined where the system does not say. */
export function countOomKills(readText: ReadText = readFile): number | undefined {
  return ofControlGroup(readText) ?? fieldOf(readText("/proc/vmstat"), "oom_kill");
}

function ofControlGroup(readText: ReadText): number | undefined {
  const groups = readText("/proc/self/cgroup");
  if (groups === undefined) return undefined;
  const unified = /^0::(.*)$/m.exec(groups)?.[1];
  const memory = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  const candidates = [
    ...(unified === undefined ? [] : [`/sys/fs/cgroup${unified}/memory.events`, "/sys/fs/cgroup/memory.events"]),
    ...(memory === undefined ? [] : [`/sys/fs/cgroup/memory${memory}/memory.oom_control`, "/sys/fs/cgroup/memory/memory.oom_control"]),
  ];
  for (const file of candidates) {
    const count = fieldOf(readText(file), "oom_kill");
    if (count !== undefined) return count;
  }
  return undefined;
}

function fieldOf(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "");
  return found === null ? undefined : Number(found[1]);
}

function readFile(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
