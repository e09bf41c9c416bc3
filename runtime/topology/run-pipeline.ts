/**
 * One run of one pipeline from opening its outputs to publishing them, on workers or in this thread. Whatever goes
 * wrong, nothing half-written is left.
 */
import { performance } from "node:perf_hooks";
import type { Chunk } from "../contract/chunk.ts";
import type { Program } from "../contract/define-program.ts";
import type { PipelineSpec, StepSpec } from "../contract/program.ts";
import { setProgramFolder } from "../contract/program-folder.ts";
import type { Value } from "../contract/value.ts";
import { openOutputs } from "../recovery/outputs.ts";
import type { Outputs } from "../recovery/outputs.ts";
import type { WrittenFiles } from "../recovery/sink-writer.ts";
import type { RunCounters } from "../telemetry/run-counters.ts";
import { noLog } from "../telemetry/run-event.ts";
import type { RunLog } from "../telemetry/run-event.ts";
import { runOnWorkers } from "./coordinator.ts";
import type { Supervised } from "./engine-order.ts";
import type { RunControl } from "./run-control.ts";
import { runInterpreted } from "./interpret.ts";
import { createRunLedger } from "./run-ledger.ts";
import type { RunLedger } from "./run-ledger.ts";
import type { Scheduler } from "./scheduler.ts";
import { readTopology } from "./topology.ts";
import type { Topology } from "./topology.ts";
import { verifyCapacities } from "./verify-capacities.ts";

export interface RunRequest {
  readonly program: Program;
  readonly pipeline: PipelineSpec;
  readonly params: Readonly<Record<string, Value>>;
  /** The program's bundle and its folder. */
  readonly file: string;
  readonly folder: string;
  readonly interpret: boolean;
  readonly overwrite: boolean;
  /** In place of the plan's devices: cuts and batches stay. */
  readonly device?: string;
  readonly signal: AbortSignal;
  readonly onText: (stream: "stdout" | "stderr", text: Uint8Array) => void;
  readonly onStart: (counters: RunCounters, scheduler: Scheduler | undefined) => void;
  /** Interpreter only: each step's rows. */
  readonly observe: (step: StepSpec, chunk: Chunk) => void;
  readonly supervised?: Supervised | undefined;
  /** Told every event of the run. */
  readonly log?: RunLog;
  /** Through which the run can be asked to end early. */
  readonly control?: RunControl;
}

export interface RunOutcome {
  readonly counters: RunCounters;
  /** By sink. */
  readonly written: readonly WrittenFiles[];
  /** Where each sink's files are, as the user named it; undefined for a sink without files. */
  readonly places: readonly (string | undefined)[];
  readonly deadLetterPath: string | undefined;
  readonly isOverBudget: boolean;
  readonly elapsedMs: number;
}

export async function runPipeline(request: RunRequest): Promise<RunOutcome> {
  const { pipeline, program } = request;
  const started = performance.now();
  program.setParams(request.params);
  setProgramFolder(request.folder);
  verifyCapacities(pipeline);
  const topology = readTopology(pipeline, { tickets: Math.min(pipeline.tickets, request.supervised?.order.ticketsMax ?? Infinity) });
  const ledger = createRunLedger(pipeline, topology, request.log);
  const owner = { program: program.name, pipeline: pipeline.name };
  const outputs = await openOutputs({ pipeline, owner, overwrite: request.overwrite, splitsOf: ledger.splitsOf });
  try {
    const written = await runWith(request, topology, ledger, outputs);
    request.signal.throwIfAborted();
    await outputs.publish(written.map(({ files }) => files));
    return {
      counters: ledger.counters,
      written,
      places: outputs.targets.map((target) => target?.path),
      deadLetterPath: outputs.deadLetterPath,
      isOverBudget: ledger.isOverBudget(),
      elapsedMs: performance.now() - started,
    };
  } catch (error) {
    // Whatever broke off because the run was given up: the reason is why it was.
    throw request.signal.aborted ? request.signal.reason : error;
  } finally {
    await outputs.discard();
  }
}

function runWith(request: RunRequest, topology: Topology, ledger: RunLedger, outputs: Outputs): Promise<readonly WrittenFiles[]> {
  const { pipeline, signal } = request;
  if (request.interpret) {
    request.onStart(ledger.counters, undefined);
    return runInterpreted({ pipeline, topology, ledger, outputs, signal, device: request.device, observe: request.observe });
  }
  const { params, file, folder, onText } = request;
  return runOnWorkers({ pipeline, topology, ledger, outputs, params, file, folder, onText, signal, supervised: request.supervised, device: request.device, log: request.log ?? noLog, control: request.control, onStart: (scheduler) => request.onStart(ledger.counters, scheduler) });
}
