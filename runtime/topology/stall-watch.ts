/**
 * Says which step stands on which rows, once a worker has not got on for a while, and again at growing intervals: a call
 * without a limit may wait for ever, and nobody should have to guess for what. Ends nothing.
 */
import type { PipelineSpec, Place } from "../contract/program.ts";
import type { Split } from "../contract/kernel.ts";
import { createActivity, createActivityWords, createStallClock, readActivity } from "../recovery/activity.ts";
import type { Doing, StallClock } from "../recovery/activity.ts";
import type { RunLog } from "../telemetry/run-event.ts";
import type { WorkerRole } from "./messages.ts";

export interface StallWatch {
  /** A worker is being started. */
  readonly loading: (role: WorkerRole) => void;
  /** `words`: what it is in the middle of, from here on. */
  readonly ready: (role: WorkerRole, words: Float64Array) => void;
  readonly close: () => void;
}

interface Watched {
  readonly role: WorkerRole;
  readonly clock: StallClock;
  /** Until it is ready. */
  isLoading: boolean;
  words: Float64Array;
  last: Doing | undefined;
}

const TICK_MS = 1000;
const FIRST_S = 60;

/** Seconds until the first word; PIPEC_STALL_S says otherwise. */
function firstSeconds(): number {
  const told = Number(process.env["PIPEC_STALL_S"] ?? "");
  return told > 0 ? told : FIRST_S;
}

export function createStallWatch(pipeline: PipelineSpec, splitsOf: (stage: number) => readonly Split[], log: RunLog): StallWatch {
  const watched = new Map<string, Watched>();
  const nameOf = (role: WorkerRole): string => (role.kind === "stage" ? `${role.stage}.${role.replica}` : `sink ${role.sink}`);
  const look = (one: Watched): void => {
    const found = one.clock.look(one.words);
    const doing = one.isLoading ? undefined : (readActivity(one.words) ?? one.last);
    one.last = doing;
    if (found === undefined) return;
    const stage = one.role.kind === "stage" ? { stage: one.role.stage } : {};
    const { step, at, what } = describe(pipeline, one.role, doing, splitsOf);
    log({ kind: "stall", ...stage, step, at, what, stillMs: found.stillMs, isOver: found.isOver });
  };
  const timer = setInterval(() => watched.forEach(look), TICK_MS);
  timer.unref();
  return {
    loading: (role) => {
      // Something is under way, and stands still.
      const words = createActivityWords();
      createActivity(words).begin("run", 0, { split: 0, firstRow: 0, rows: 0 });
      watched.set(nameOf(role), { role, clock: createStallClock(TICK_MS, firstSeconds() * 1000), isLoading: true, words, last: undefined });
    },
    ready: (role, words) => {
      const one = watched.get(nameOf(role));
      if (one === undefined) return;
      one.isLoading = false;
      one.words = words;
    },
    close: () => clearInterval(timer),
  };
}

interface Described {
  /** Of the step or the sink. */
  readonly step: string;
  readonly at: Place;
  readonly what: string;
}

const RANGES_MAX = 3;

function describe(pipeline: PipelineSpec, role: WorkerRole, doing: Doing | undefined, splitsOf: (stage: number) => readonly Split[]): Described {
  if (role.kind === "sink") {
    const { label, at } = pipeline.sinks[role.sink];
    return { step: label, at, what: doing === undefined ? "is being opened" : "has not written its rows" };
  }
  const stage = pipeline.stages[role.stage];
  if (doing === undefined) return { step: stage.label, at: stage.at, what: "is loading" };
  const { name, at } = pipeline.steps[doing.what];
  const file = splitsOf(role.stage)[doing.split]?.path;
  const ranges = doing.ranges.slice(0, RANGES_MAX).map(({ first, last }) => (first === last ? String(first) : `${first} to ${last}`));
  const rows = `row${doing.ranges.length === 1 && !ranges[0].includes("to") ? "" : "s"} ${ranges.join(", ")}${doing.ranges.length > RANGES_MAX ? ` and ${doing.ranges.length - RANGES_MAX} more` : ""}`;
  if (doing.kind === "read") return { step: name, at, what: `is reading ${file ?? "its input"} from row ${doing.ranges[0].first} on` };
  return { step: name, at, what: `stands on ${rows}${file === undefined ? "" : ` of ${file}`}` };
}
