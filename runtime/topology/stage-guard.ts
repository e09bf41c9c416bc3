/**
 * Watches over what a stage's worker runs: every step's chunk is written to the flight recorder before it is begun, calls
 * with a limit are counted where the coordinator sees them, and steps that the supervisor wants apart get a process.
 */
import { join } from "node:path";
import { watchCalls } from "../contract/call-watch.ts";
import type { StepSpec } from "../contract/program.ts";
import { CALL_WORDS, createCallWords } from "../recovery/call-words.ts";
import { openFlightRecorder } from "../recovery/flight-recorder.ts";
import type { FlightRecorder } from "../recovery/flight-recorder.ts";
import type { OpenStep, StepContext } from "../stage/step-context.ts";
import { flightFile } from "./engine-order.ts";
import { isIsolatable, openIsolatedStep } from "./isolated-steps.ts";
import { createIsolatedWorker } from "./isolated-worker.ts";
import type { WorkerStart } from "./messages.ts";

export interface StageGuard {
  readonly around: NonNullable<StepContext["around"]>;
  /** What `createHangWatch` looks at. */
  readonly words: Int32Array;
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
  watchCalls({ call: createCallWords(words) });
  const { order, pipeline, params, folder, role, placement } = start;
  const [stage, replica] = role.kind === "stage" ? [role.stage, role.replica] : [0, 0];
  const isolated = steps.filter((step) => isIsolatable(step) && (order?.isolated.includes(step.id) ?? false)).map((step) => step.id);
  const worker = createIsolatedWorker({ file, pipeline, steps: isolated, stage, replica, params, folder, device: placement.device, records: order?.folder, name: `${stage}-${replica}`, isStopped });
  const recorder = order?.folder === undefined ? undefined : openRecorder(join(order.folder, flightFile), stage, replica);
  return {
    words,
    around: async (step, open) => {
      if (isolated.includes(step.id)) return openIsolatedStep(step, worker);
      return recorder === undefined ? open() : openRecorded(step, open, recorder);
    },
    close: async () => {
      await worker.close();
      recorder?.close();
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
