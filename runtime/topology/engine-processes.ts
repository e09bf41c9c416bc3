/**
 * What an engine leaves to whoever buries it. The processes that it has started: one that hangs in native code does not
 * notice by itself that its engine is gone. And the names of the files that it reads, which calls in flight are about.
 */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Split } from "../contract/kernel.ts";
import { inputsFile, processesFile } from "./engine-order.ts";

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

/** Of so many input files the names are kept; of those beyond, numbers must do. */
const INPUTS_MAX = 10_000;

/** By region. */
export function noteInputs(folder: string | undefined, splits: readonly (readonly Split[])[]): void {
  if (folder === undefined) return;
  try {
    writeFileSync(join(folder, inputsFile), JSON.stringify(splits.map((list) => list.slice(0, INPUTS_MAX).map(({ path }) => path))));
  } catch {
    // No room: files are told by their numbers.
  }
}

export function readInputs(folder: string | undefined): readonly (readonly string[])[] {
  if (folder === undefined) return [];
  try {
    // Only an engine writes it.
    return JSON.parse(readFileSync(join(folder, inputsFile), "utf8")) as readonly (readonly string[])[];
  } catch {
    return [];
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
