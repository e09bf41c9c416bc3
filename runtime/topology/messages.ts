/** What coordinator and workers say to each other: small control messages only, rows go directly between workers. */
import type { PartPlace } from "../channel/chunk-codec.ts";
import { errorWords } from "../contract/error-words.ts";
import { JobError } from "../contract/kernel.ts";
import type { Split } from "../contract/kernel.ts";
import type { PipelineSpec } from "../contract/program.ts";
import type { RowFailure } from "../contract/row-failure.ts";
import type { Value } from "../contract/value.ts";
import type { StageProgress, StepKeys } from "../recovery/progress.ts";
import type { SinkGroup, SinkStart } from "../recovery/sink-writer.ts";
import type { OutputTarget } from "../recovery/output-target.ts";
import type { MessagePort } from "node:worker_threads";
import type { EngineOrder } from "./engine-order.ts";
import type { Placement } from "./placement.ts";

/** `workerData.pipec` of every worker of a run. */
export interface WorkerStart {
  readonly pipeline: string;
  readonly role: WorkerRole;
  readonly params: Readonly<Record<string, Value>>;
  /** The program's folder. */
  readonly folder: string;
  /** One Int32: 1 once the run is being given up. A thread inside native code must not be terminated (it aborts the process). */
  readonly stop: SharedArrayBuffer;
  readonly placement: Placement;
  /** Of a stage: where it goes on. */
  readonly resume: StageResume;
  /** Where the run has a supervisor. */
  readonly order: EngineOrder | undefined;
  readonly inPorts: readonly MessagePort[];
  readonly outPorts: readonly OutPort[];
}

export type WorkerRole =
  /** `incarnation` counts the workers that had this place before. */
  | { readonly kind: "stage"; readonly stage: number; readonly replica: number; readonly incarnation: number }
  | { readonly kind: "sink"; readonly sink: number; readonly target: OutputTarget | undefined; readonly start: SinkStart };

/** What its worker is called. */
export function labelOf(pipeline: PipelineSpec, role: WorkerRole): string {
  return role.kind === "stage" ? pipeline.stages[role.stage].label : pipeline.sinks[role.sink].label;
}

export interface OutPort {
  readonly edge: number;
  /** The worker at the other end: a replica of the stage that the edge leads to, 0 for a sink. */
  readonly replica: number;
  readonly port: MessagePort;
}

export type ToWorker =
  /** `part`: as the scheduler's command. */
  | { readonly kind: "run"; readonly chunk: number; readonly part: number; readonly to: readonly number[] }
  /** A worker was added that this one gets chunks from, or sends chunks to. */
  | { readonly kind: "join"; readonly inPorts: readonly MessagePort[]; readonly outPorts: readonly OutPort[] }
  /** To a sink: everything has come. */
  | { readonly kind: "finish" }
  | { readonly kind: "close" };

export type FromWorker =
  /**
   * Sources say what they will read. `calls`: shared words that say whether a stage's worker gets on with its calls;
   * `activity`: what a worker is in the middle of.
   */
  | { readonly kind: "ready"; readonly splits: readonly Split[] | undefined; readonly calls?: Int32Array; readonly activity: Float64Array }
  | ({ readonly kind: "done"; readonly chunk: number; readonly bytes: readonly number[]; readonly exhausted: boolean } & PartPlace & ChunkReport)
  /** The chunk could not be done: void chunks were sent in place of results. */
  | ({ readonly kind: "faulty"; readonly chunk: number; readonly bytes: readonly number[]; readonly fault: JobFault } & PartPlace)
  | { readonly kind: "sourceEnd"; readonly chunks: number }
  /** A member of the stage's gang died, and the gang was started again. */
  | { readonly kind: "gangRestart"; readonly incarnation: number; readonly reason: string }
  | { readonly kind: "sinkDone"; readonly chunk: number; readonly rows: number; readonly busyMs: number }
  /** The files of a commit group are on disk for good. */
  | ({ readonly kind: "sinkGroup" } & SinkGroup)
  | { readonly kind: "finished" }
  | { readonly kind: "fault"; readonly fault: Fault };

/** What a stage of a run that goes on where another stopped must know. */
export interface StageResume {
  /** Of its source: the next chunk, and where it begins. */
  readonly chunk: number;
  readonly split: number;
  readonly row: number;
  /** Rows that limits have let through, and keys that steps have met, by step. */
  readonly passed: Readonly<Record<string, number>>;
  readonly keys: StepKeys;
  /** Keys met for the first time are told of. */
  readonly isKept: boolean;
}

export const stageBeginning: StageResume = { chunk: 0, split: 0, row: 0, passed: {}, keys: new Map(), isKept: false };

/** What a stage did with one chunk, or one part of it. */
export interface ChunkReport {
  readonly rowsIn: number;
  /** Rows on all out-edges together counted once: those of the stage's last step. */
  readonly rowsOut: number;
  readonly filtered: number;
  readonly failures: readonly RowFailure[];
  readonly busyMs: number;
  /** Of `busyMs`, what its thread was at work and not waiting. */
  readonly computeMs: number;
  /** For whoever goes on after this run. */
  readonly progress?: StageProgress;
}

/** A JobError as it crosses threads. */
export interface JobFault {
  readonly kind: "job";
  readonly code: string;
  readonly message: string;
  readonly fix: string | undefined;
}

/** An error as it crosses threads. */
export type Fault =
  | JobFault
  | { readonly kind: "bug"; readonly message: string; readonly stack: string };

/** An error of our own in a worker, with its stack. */
class WorkerBug extends Error {
  override readonly name = "WorkerBug";
}

export function fromFault(fault: Fault): Error {
  if (fault.kind === "job") return new JobError(fault.code, fault.message, fault.fix);
  const bug = new WorkerBug(fault.message);
  bug.stack = fault.stack;
  return bug;
}

export function toJobFault(error: JobError): JobFault {
  return { kind: "job", code: error.code, message: error.message, fix: error.fix };
}

export function toFault(error: unknown): Fault {
  if (error instanceof JobError) return toJobFault(error);
  if (error instanceof Error) return { kind: "bug", message: error.message, stack: error.stack ?? error.message };
  const words = errorWords(error);
  return { kind: "bug", message: words, stack: words };
}
