/**
 * Core seconds that a program had: those it used and those nobody used. What other processes take of the machine does
 * not count, so what a row costs in them can be compared where the machine is not quiet. Linux only.
 */
import { readFileSync, readdirSync } from "node:fs";

/** The kernel counts in hundredths of a second. */
const TICKS_PER_S = 100;

/** Processes of a tree; of one that ended meanwhile, what is left. */
export function processTree(pid: number): readonly number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number));
    return [pid, ...children.flatMap(processTree)];
  } catch {
    return [];
  }
}

/** Grows with time: of the process and those below it, and of idle cores. Undefined where the system does not tell. */
export function coreSeconds(pid: number): number | undefined {
  try {
    const idle = (/^cpu +\d+ \d+ \d+ (\d+) (\d+)/.exec(readFileSync("/proc/stat", "utf8")) ?? []).slice(1).map(Number);
    const [whileIdle, whileWaiting] = idle;
    if (whileIdle === undefined || whileWaiting === undefined) return undefined;
    const used = processTree(pid).reduce((sum, own) => sum + ticksOf(own), 0);
    return (whileIdle + whileWaiting + used) / TICKS_PER_S;
  } catch {
    return undefined;
  }
}

/** User and system time, with that of children that have ended. */
function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}
