/**
 * The processes that an engine has started, written down where whoever buries the engine finds them: one that hangs in
 * native code does not notice by itself that its engine is gone.
 */
import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { processesFile } from "./engine-order.ts";

export function noteStarted(folder: string | undefined, pid: number): void {
  note(folder, `+${pid}\n`);
}

export function noteEnded(folder: string | undefined, pid: number): void {
  note(folder, `-${pid}\n`);
}

function note(folder: string | undefined, line: string): void {
  if (folder === undefined) return;
  try {
    appendFileSync(join(folder, processesFile), line);
  } catch {
    // No room: a process that is not written down ends by itself all the same, unless it hangs.
  }
}

/** Takes the folder away, unless something writes to it just now: then it is left to the system. */
export function removeRecords(folder: string | undefined): void {
  if (folder === undefined) return;
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
  } catch {
    // Nobody needs it any more, and nothing of a run is in it.
  }
}

/** Ends those that were not seen to end. */
export function killLeftovers(folder: string | undefined): void {
  if (folder === undefined) return;
  let text: string;
  try {
    text = readFileSync(join(folder, processesFile), "utf8");
  } catch {
    return;
  }
  const alive = new Set<number>();
  for (const line of text.split("\n")) {
    const pid = Number(line.slice(1));
    if (line.startsWith("+")) alive.add(pid);
    else if (line.startsWith("-")) alive.delete(pid);
  }
  for (const pid of alive) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone by itself.
    }
  }
}
