/**
 * What a run owes to whoever started its process: signals, and, where there is a supervisor, word of how far it is, of
 * calls that hang and of memory that ran out.
 */
import type { PipelineSpec } from "../contract/program.ts";
import type { RunCounters } from "../telemetry/run-counters.ts";
import type { RunEventBody, RunLog } from "../telemetry/run-event.ts";
import type { EngineLink } from "./engine-link.ts";
import type { EngineOrder, Supervised } from "./engine-order.ts";
import { createHangWatch } from "./hang-watch.ts";

export interface RunAsks {
  /** End now, cleanly. */
  readonly onInterrupt: () => void;
  /** End soon, with what can be kept. */
  readonly onDrain: () => void;
}

export interface EngineRun {
  /** For the run; undefined where nobody supervises. */
  readonly supervised: Supervised | undefined;
  /** To be told of all events. */
  readonly log: RunLog;
  /** The outputs are open. */
  readonly onOpen: () => void;
  /** Rows start to move. */
  readonly onStart: (counters: RunCounters) => void;
  /** Memory ran out. Whether the supervisor takes it from here. */
  readonly outOfMemory: (message: string) => boolean;
  /** The run is over: listens to nothing any more. */
  readonly close: () => void;
}

const PROGRESS_MS = 250;

export function openEngineRun(order: EngineOrder | undefined, link: EngineLink | undefined, pipeline: PipelineSpec, asks: RunAsks): EngineRun {
  if (order === undefined || link === undefined) {
    const stopListening = listenToSignals(asks);
    return { supervised: undefined, log: () => {}, onOpen: () => {}, onStart: () => {}, outOfMemory: () => false, close: stopListening };
  }
  link.onInterrupt(asks.onInterrupt);
  link.onDrain(asks.onDrain);
  const hangs = createHangWatch((role, limitMs) => {
    if (role.kind === "stage") link.die({ kind: "hung", stage: role.stage, replica: role.replica, limitMs });
  });
  let commits = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    supervised: { order, onCalls: hangs.add },
    log: (event) => {
      if (event.kind === "commit") commits++;
    },
    onOpen: () => link.tell({ kind: "opened" }),
    onStart: (counters) => {
      timer = setInterval(() => link.tell({ kind: "progress", rows: counters.rowsRead, commits }), PROGRESS_MS);
      timer.unref();
    },
    outOfMemory: (message) => {
      const tickets = Math.min(pipeline.tickets, order.ticketsMax ?? Infinity);
      if (tickets > 1) link.tell({ kind: "outOfMemory", tickets, message });
      return tickets > 1;
    },
    close: () => {
      clearInterval(timer);
      hangs.close();
    },
  };
}

/** How this engine came to be, where it is not the first. */
export function restartEvents(order: EngineOrder | undefined, pipeline: PipelineSpec): readonly RunEventBody[] {
  if (order?.reason === undefined) return [];
  const { reason, incarnation } = order;
  const apart = pipeline.stages.filter((stage) => stage.steps.some((step) => order.isolated.includes(step)));
  return [
    { kind: "restart", what: "engine", incarnation, reason },
    ...apart.map((stage): RunEventBody => ({ kind: "isolation", stage: stage.id, reason })),
  ];
}

/** Without a supervisor: the first signal ends the run cleanly, a second one at once. */
function listenToSignals(asks: RunAsks): () => void {
  let asked = false;
  const first = (act: () => void) => (): void => {
    if (asked) process.exit(INTERRUPTED);
    asked = true;
    act();
  };
  const [interrupt, drain] = [first(asks.onInterrupt), first(asks.onDrain)];
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", drain);
  return () => {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", drain);
  };
}

const INTERRUPTED = 130;

const LEAVE_MS = 2000;

/** The process ends with `code`, even where a thread of it hangs in native code and cannot be ended otherwise. */
export function leave(code: number, link: EngineLink | undefined): void {
  process.exitCode = code;
  link?.tell({ kind: "over", code });
  // Runs only while something keeps the process alive.
  setTimeout(() => (link === undefined ? process.exit(code) : process.kill(process.pid, "SIGKILL")), LEAVE_MS).unref();
}
