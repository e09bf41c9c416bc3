/**
 * One run of one pipeline from opening its outputs to publishing them, on workers or in this thread. Whatever goes
 * wrong, nothing half-written is left.
 */
import { performance } from "node:perf_hooks";
import type { Chunk } from "../contract/chunk.ts";
import type { Program } from "../contract/define-program.ts";
import { jobError } from "../contract/failures.ts";
import type { PipelineSpec, StepSpec } from "../contract/program.ts";
import { nameFromProgram, programFile, setProgramFolder } from "../contract/program-folder.ts";
import type { Value } from "../contract/value.ts";
import { digestModel } from "../backends/digest-model.ts";
import { loadOnnxRuntime } from "../backends/load-onnxruntime.ts";
import { describeRun, modelFiles } from "../recovery/identity.ts";
import { digestResource } from "../recovery/digest-resource.ts";
import { openKeptOutputs } from "../recovery/kept-outputs.ts";
import type { KeptRequest } from "../recovery/kept-outputs.ts";
import { openOutputs } from "../recovery/outputs.ts";
import type { Outputs, RunStart, WrittenFiles } from "../recovery/outputs.ts";
import type { RunCounters } from "../telemetry/run-counters.ts";
import { noLog } from "../telemetry/run-event.ts";
import type { RunLog } from "../telemetry/run-event.ts";
import { runOnWorkers } from "./coordinator.ts";
import type { Supervised } from "./engine-order.ts";
import type { RunControl } from "./run-control.ts";
import { runInterpreted } from "./interpret.ts";
import { listSources } from "./list-sources.ts";
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
  /** Forget what an earlier run that stopped has committed. */
  readonly fresh?: boolean;
  /** In place of the plan's devices: cuts and batches stay. */
  readonly device?: string;
  readonly signal: AbortSignal;
  readonly onText: (stream: "stdout" | "stderr", text: Uint8Array) => void;
  /** The outputs are open: the run begins, or goes on where an earlier one stopped. */
  readonly onOpen?: (start: RunStart) => void;
  /** Told of an output whose committed files are read, to know whether they are as they were. */
  readonly onDoubt?: (place: string) => void;
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
  /** What is wrong if more rows failed than may. */
  readonly overBudget: string | undefined;
  readonly elapsedMs: number;
}

export async function runPipeline(request: RunRequest): Promise<RunOutcome> {
  const { pipeline, program } = request;
  const started = performance.now();
  program.setParams(request.params);
  setProgramFolder(request.folder);
  verifyCapacities(pipeline);
  const topology = readTopology(pipeline, { tickets: Math.min(pipeline.tickets, request.supervised?.order.ticketsMax ?? Infinity), device: request.device });
  const ledger = createRunLedger(pipeline, topology, request.log);
  const outputs = await openRunOutputs(request, topology, ledger);
  outputs.start.regions.forEach((earlier, region) => ledger.addEarlier(region, earlier));
  outputs.start.sinks.forEach(({ rows }, sink) => ledger.addSinkReport(sink, rows, 0));
  request.onOpen?.(outputs.start);
  try {
    if (!outputs.start.isComplete) await runWith(request, topology, ledger, outputs);
    request.signal.throwIfAborted();
    if (request.control?.isCutShort() === true) throw stoppedBeforeEnd(pipeline);
    const written = await outputs.publish();
    return {
      counters: ledger.counters,
      written,
      places: outputs.targets.map((target) => target?.path),
      deadLetterPath: outputs.deadLetterPath,
      overBudget: ledger.overBudget(),
      elapsedMs: performance.now() - started,
    };
  } catch (error) {
    // Whatever broke off because the run was given up: the reason is why it was.
    throw request.signal.aborted ? request.signal.reason : error;
  } finally {
    await outputs.discard();
  }
}

/** Published at the end, or group by group where the pipeline has a checkpoint. */
async function openRunOutputs(request: RunRequest, topology: Topology, ledger: RunLedger): Promise<Outputs> {
  const { pipeline } = request;
  const plain = { pipeline, owner: { program: request.program.name, pipeline: pipeline.name }, overwrite: request.overwrite, splitsOf: ledger.splitsOf, regions: topology.regions.length };
  return pipeline.checkpoint === undefined ? openOutputs(plain) : openKeptOutputs({ ...plain, ...(await describeKept(request, topology)), fresh: request.fresh === true, ...(request.onDoubt === undefined ? {} : { onDoubt: request.onDoubt }) });
}

/** What the outputs of a pipeline with a checkpoint must know beside. Params are set. */
export async function describeKept({ pipeline, params }: Pick<RunRequest, "pipeline" | "params">, topology: Topology): Promise<Pick<KeptRequest, "at" | "identity" | "regionOf" | "columnsOf" | "listSources">> {
  if (pipeline.checkpoint === undefined) throw new Error(`pipeline ${pipeline.name} has no checkpoint`);
  const files = modelFiles(pipeline);
  const onnxruntime = files.length === 0 ? undefined : (await loadOnnxRuntime()).env.versions.node;
  const models = Object.fromEntries(files.map((file) => [file, digestModelFile(programFile(file))]));
  return {
    at: pipeline.checkpoint.at(),
    identity: describeRun({ pipeline, params, models, files: await digestResources(pipeline), onnxruntime }),
    regionOf: (sink) => topology.sinks[sink].region,
    listSources: () => listSources(pipeline, topology),
    columnsOf: (sink) => pipeline.steps[pipeline.sinks[sink].step].columns,
  };
}

/** A file that cannot be read is a fault of the model's, told when it is loaded. */
function digestModelFile(file: string): string {
  try {
    return digestModel(file);
  } catch {
    return "";
  }
}

/** Of the files that the pipeline's resources are loaded from, by name. What cannot be read is told when it is loaded. */
async function digestResources(pipeline: PipelineSpec): Promise<Readonly<Record<string, string>>> {
  const resources = [...new Set(pipeline.steps.flatMap((step) => step.resources))];
  const files = (await Promise.all(resources.map((resource) => resource.files().catch(() => [])))).flat();
  return Object.fromEntries(await Promise.all(files.map(async (file): Promise<[string, string]> => [nameFromProgram(file.path), await digestResource(file).catch(() => "")])));
}

/** What a run that was told to stop ends with, where it had not come to its end. */
export function stoppedBeforeEnd(pipeline: PipelineSpec): Error {
  return pipeline.checkpoint === undefined
    ? jobError("R0159", "the run was told to stop before its end: nothing was published", "run it again; with `checkpoint: { at: … }` a run that is stopped can be gone on with")
    : jobError("R0159", "the run was told to stop before its end: what is committed stays", "run the same command to go on");
}

function runWith(request: RunRequest, topology: Topology, ledger: RunLedger, outputs: Outputs): Promise<void> {
  const { pipeline, signal } = request;
  if (request.interpret) {
    request.onStart(ledger.counters, undefined);
    return runInterpreted({ pipeline, topology, ledger, outputs, signal, log: request.log ?? noLog, device: request.device, observe: request.observe });
  }
  const { params, file, folder, onText } = request;
  return runOnWorkers({ pipeline, topology, ledger, outputs, params, file, folder, onText, signal, supervised: request.supervised, device: request.device, log: request.log ?? noLog, control: request.control, onStart: (scheduler) => request.onStart(ledger.counters, scheduler) });
}
