/** Who has a checkpoint, and whether that process lives: known at once on one machine, by its stirring on another. */
import { readFileSync } from "node:fs";
import { stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Owner } from "./manifest.ts";

export function thisProcess(): Owner {
  return { pid: process.pid, started: startOf(process.pid) ?? "", host: `${hostname()} ${bootOf()}`.trim() };
}

/** Where the machine says it: what it counts from differs with each start of the machine. */
function bootOf(): string {
  return readText("/proc/sys/kernel/random/boot_id")?.trim().slice(0, 8) ?? "";
}

/** When the process began, in ticks; undefined where it has ended, empty where the machine does not say. */
function startOf(pid: number): string | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return hasProcess(pid) && readText("/proc/self/stat") === undefined ? "" : undefined;
  // What follows the name in parentheses: the state first, the start as the 20th.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Whether a process of this machine has the number, be it someone else's. */
export function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Owners stir so often, and are taken for dead on another machine after so long without. */
const BEAT_MS = 5000;
const SILENCE_MS = 30_000;

export async function isAlive(owner: Owner, manifest: string): Promise<boolean> {
  if (owner.host === thisProcess().host) return startOf(owner.pid) === owner.started;
  const first = await beatOf(manifest);
  // The file's time is that of the other machine, or of a server: only that it changes tells anything.
  for (let waited = Math.min(SILENCE_MS, Math.max(0, Date.now() - first)); waited < SILENCE_MS; waited += BEAT_MS) {
    await sleep(BEAT_MS);
    if ((await beatOf(manifest)) !== first) return true;
  }
  return false;
}

function beatOf(path: string): Promise<number> {
  return stat(path).then((found) => found.mtimeMs, () => 0);
}

/** Stirs until the function it gives is called. */
export function keepAlive(manifest: () => string): () => void {
  const timer = setInterval(() => {
    const now = new Date();
    utimes(manifest(), now, now).catch(() => {});
  }, BEAT_MS);
  timer.unref();
  return () => clearInterval(timer);
}
