/**
 * Shows snapshots as they come: redrawn in place on a terminal, a line every 30 seconds elsewhere. Time is the run's
 * own (`elapsedMs`), so nothing here has a clock.
 */
import { printProgressJson, renderProgress, renderProgressLine } from "./progress.ts";
import type { RunSnapshot } from "./progress.ts";

/** What of a stream is needed; `process.stderr` is one. */
export interface ProgressOutput {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface ProgressOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

export interface ProgressPrinter {
  /** May be called as often as one likes. */
  readonly update: (snapshot: RunSnapshot) => void;
  /** Takes the block off the terminal: before anything else is printed, and at the end. */
  readonly clear: () => void;
}

const redrawMs = 100;
const lineMs = 30_000;

export function createProgressPrinter(output: ProgressOutput, options: ProgressOptions): ProgressPrinter {
  if (options.quiet) return { update: () => {}, clear: () => {} };
  if (options.json) return createLinePrinter(output, printProgressJson);
  return output.isTTY === true ? createBlockPrinter(output, options.color) : createLinePrinter(output, renderProgressLine);
}

function createLinePrinter(output: ProgressOutput, render: (snapshot: RunSnapshot) => string): ProgressPrinter {
  let nextMs = lineMs;
  return {
    update(snapshot) {
      if (snapshot.elapsedMs < nextMs) return;
      nextMs = (Math.floor(snapshot.elapsedMs / lineMs) + 1) * lineMs;
      output.write(`${render(snapshot)}\n`);
    },
    clear: () => {},
  };
}

function createBlockPrinter(output: ProgressOutput, color: boolean): ProgressPrinter {
  let nextMs = 0;
  let drawn = 0;
  // ECMA-48: cursor to the start of the line `drawn` above, then erase to the end of the screen.
  const erase = (): string => (drawn === 0 ? "" : `\u001b[${drawn}F\u001b[J`);
  return {
    update(snapshot) {
      if (snapshot.elapsedMs < nextMs) return;
      nextMs = snapshot.elapsedMs + redrawMs;
      // A line as wide as the terminal would wrap, and the count of lines be wrong. The cursor stands below the block, and
      // what has left the screen at its top is not drawn over.
      const lines = renderProgress(snapshot, { columns: Math.max(20, (output.columns ?? 80) - 1), rows: Math.max(1, (output.rows ?? 24) - 1), color });
      output.write(`${erase()}${lines.join("\n")}\n`);
      drawn = lines.length;
    },
    clear() {
      if (drawn > 0) output.write(erase());
      drawn = 0;
      nextMs = 0;
    },
  };
}
