/**
 * What the engines of one run hand on to one another, so that its report and figures are of the whole run: where the run
 * stands, written anew every second or so into one file. Bounded, as what it holds is. A run without room for it goes on.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { RunState } from "./run-state.ts";
import type { TimelineBins } from "./run-timeline.ts";

export interface RunJournal {
  readonly state: RunState;
  readonly timeline: TimelineBins;
  /** Rows that another run had committed before this one began. */
  readonly rowsEarlier: number;
}

export function writeJournal(file: string, journal: RunJournal): void {
  try {
    writeFileSync(`${file}.new`, JSON.stringify(journal));
    renameSync(`${file}.new`, file);
  } catch {
    // The report of a run that is started again lacks its first part then.
  }
}

/** Undefined where no engine has written one. */
export function readJournal(file: string): RunJournal | undefined {
  try {
    // Written by an engine of the same program, and renamed when it was whole.
    return JSON.parse(readFileSync(file, "utf8")) as RunJournal;
  } catch {
    return undefined;
  }
}
