/**
 * Watches over what a worker does: every step's chunk, every read and every write is noted in the flight recorder before
 * it is begun, and in words that the coordinator sees, as are calls with a limit; steps that the supervisor wants apart
 * get a process.
 */
import { join } from "node:path";
import { watchCalls } from "../contract/call-watch.ts";
import { sourceRowOf } from "../contract/chunk.ts";
import type { StepSpec } from "../contract/program.ts";
import { createActivity, createActivityWords } from "../recovery/activity.ts";
import type { Activity } from "../recovery/activity.ts";
import { CALL_WORDS, createCallWords, noteHang } from "../recovery/call-words.ts";
import { openFlightRecorder } from "../recovery/flight-recorder.ts";
import type { FlightRecorder } from "../recovery/flight-recorder.ts";
import type { WatchReading } from "../stage/source-reader.ts";
import type { OpenStep, StepContext } from "../stage/step-context.ts";
import { flightFile } from "./engine-order.ts";
import { isIsolatable, openIsolatedStep } from "./isolated-steps.ts";
import { createIsolatedWorker } from "./isolated-worker.ts";
import type { WorkerStart } from "./messages.ts";

export interface StageGuard {
  readonly around: NonNullable<StepContext["around"]>;
  readonly reading: (step: number) => WatchReading;
  /** What `createHangWatch` looks at. */
  readonly words: Int32Array;
  /** What the stage is in the middle of. */
  readonly activity: Float64Array;
  readonly close: () => Promise<void>;
}

export interface GuardRequest {
  readonly start: WorkerStart;
  /** The program's own bundle. */
  readonly file: string;
  /** Those of the stage. */
  readonly steps: readonly StepSpec[];
  readonly isStopped: () => boolean;
}

export function openStageGuard({ start, file, steps, isStopped }: GuardRequest): StageGuard {
  const words = new Int32Array(new SharedArrayBuffer(CALL_WORDS * Int32Array.BYTES_PER_ELEMENT));
  const activityWords = createActivityWords();
  const activity = createActivity(activityWords);
  watchCalls({ call: createCallWords(words), hang: (limitMs) => noteHang(words, limitMs), rows: activity.rows });
  const { order, pipeline, params, folder, role, placement } = start;
  const [stage, replica] = role.kind === "stage" ? [role.stage, role.replica] : [0, 0];
  const isolated = steps.filter((step) => isIsolatable(step) && (order?.isolated.includes(step.id) ?? false)).map((step) => step.id);
  const worker = createIsolatedWorker({ file, pipeline, steps: isolated, stage, replica, params, folder, places: { device: placement.device, files: placement.files }, records: order?.folder, name: `${stage}-${replica}`, isStopped });
  const recorder = order?.folder === undefined ? undefined : openRecorder(join(order.folder, flightFile), stage, replica);
  return {
    words,
    activity: activityWords,
    around: async (step, open) => {
      if (isolated.includes(step.id)) return openActive(step, openIsolatedStep(step, worker), activity);
      return openActive(step, recorder === undefined ? await open() : await openRecorded(step, open, recorder), activity);
    },
    reading: (step) => ({ chunk, split, firstRow }) => {
      const ended = activity.begin("read", step, { split, firstRow, rows: 1 });
      const landed = recorder?.begin({ kind: "read", step, chunk, split, firstRow, rows: 0 });
      return () => {
        landed?.();
        ended();
      };
    },
    close: async () => {
      await worker.close();
      recorder?.close();
    },
  };
}

export interface SinkGuard {
  /** What the sink is in the middle of. */
  readonly activity: Float64Array;
  readonly writing: <T>(chunk: { readonly ordinal: number; readonly split: number; readonly firstRow: number }, rows: number, write: () => Promise<T>) => Promise<T>;
  readonly close: () => void;
}

/** `place`: the sink's number, counted on after the stages. */
export function openSinkGuard({ order }: WorkerStart, sink: number, place: number): SinkGuard {
  const words = createActivityWords();
  const activity = createActivity(words);
  const recorder = order?.folder === undefined ? undefined : openRecorder(join(order.folder, flightFile), place, 0);
  return {
    activity: words,
    writing: async ({ ordinal, split, firstRow }, rows, write) => {
      const ended = activity.begin("write", sink, { split, firstRow, rows });
      const landed = recorder?.begin({ kind: "write", step: sink, chunk: ordinal, split, firstRow, rows });
      try {
        return await write();
      } finally {
        landed?.();
        ended();
      }
    },
    close: () => recorder?.close(),
  };
}

/** The step as it is, with word of the rows that are in it. */
function openActive(step: StepSpec, opened: OpenStep, activity: Activity): OpenStep {
  return {
    ...opened,
    run: async (inputs, log) => {
      const [chunk] = inputs;
      const { split, firstRow } = chunk.id;
      // An implode counts parents, which are not the chunk's rows.
      const rowOf = step.kind === "implode" ? () => NaN : (index: number) => firstRow + sourceRowOf(chunk, index);
      const ended = activity.begin("run", step.id, { split, firstRow, rows: chunk.places.length }, rowOf);
      try {
        return await opened.run(inputs, log);
      } finally {
        ended();
      }
    },
  };
}

/** A full disk for temporary files must not end a run whose output lies elsewhere: after a crash, all steps are suspects then. */
function openRecorder(file: string, stage: number, replica: number): FlightRecorder | undefined {
  try {
    return openFlightRecorder(file, stage, replica);
  } catch {
    return undefined;
  }
}

async function openRecorded(step: StepSpec, open: () => Promise<OpenStep>, recorder: FlightRecorder): Promise<OpenStep> {
  const loaded = recorder.begin({ kind: "load", step: step.id, chunk: 0, split: 0, firstRow: 0, rows: 0 });
  const opened = await open();
  loaded();
  return {
    ...opened,
    run: async (inputs, log) => {
      const [chunk] = inputs;
      const { ordinal, split, firstRow } = chunk.id;
      const ended = recorder.begin({ kind: "run", step: step.id, chunk: ordinal, split, firstRow, rows: chunk.rows.length });
      try {
        return await opened.run(inputs, log);
      } finally {
        ended();
      }
    },
  };
}
