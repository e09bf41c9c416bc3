/** What the steps of a worker share: where they report rows that failed, and what they cannot make themselves. */
import type { Chunk } from "../contract/chunk.ts";
import { sourceRowOf } from "../contract/chunk.ts";
import { errorLine } from "../contract/error-words.ts";
import { JobError } from "../contract/kernel.ts";
import type { ModelSession } from "../contract/backend.ts";
import type { ModelSpec, Place, StepSpec } from "../contract/program.ts";
import type { RowFailure } from "../contract/row-failure.ts";

export type PartStepSpec = Extract<StepSpec, { kind: "modelPart" }>;

/** What a step that looks at rows before knows of them. */
export interface StepMemory {
  /** Rows that a limit has let through. */
  readonly passed: number;
  /** Keys that a dedupe has met. */
  readonly keys: readonly unknown[];
  /** Keys met for the first time are wanted. */
  readonly isKept: boolean;
}

export const noMemory: StepMemory = { passed: 0, keys: [], isKept: false };

export interface StepContext {
  /** What an earlier run, which stopped, left to a step. */
  readonly memoryOf?: (step: number) => StepMemory;
  /** Fields that implodes want of the parents that an explode step opens. */
  readonly parentFields: (explode: number) => readonly string[];
  readonly openModel: (model: ModelSpec) => Promise<ModelSession>;
  /** A part of a cut model: what it receives in, what it sends out. */
  readonly openPart: (step: PartStepSpec) => Promise<ModelSession>;
  /** Opens a step in place of `open`: to watch over it, or to have it run elsewhere. */
  readonly around?: (step: Exclude<StepSpec, { kind: "read" }>, open: () => Promise<OpenStep>) => Promise<OpenStep>;
  /** Called after each step with the rows it gave; the interpreter prints shapes. */
  readonly observe?: (step: number, chunk: Chunk) => void;
}

/** What became of a chunk's rows on a worker, beside the rows themselves. */
export interface ChunkLog {
  readonly failures: RowFailure[];
  /** Rows that a filter, limit, sample, dedupe or zip left out. */
  filtered: number;
  /** Throws `Stopped` once the run is being given up. Called between steps. */
  readonly checkStop: () => void;
}

/** The run is being given up: not an error of anything. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

export function createChunkLog(isStopped: () => boolean = () => false): ChunkLog {
  const checkStop = (): void => {
    if (isStopped()) throw new Stopped("the run is being given up");
  };
  return { failures: [], filtered: 0, checkStop };
}

/** One step, opened on a worker. Chunks of the input steps in, one chunk out. */
export interface OpenStep {
  readonly run: (inputs: readonly Chunk[], log: ChunkLog) => Promise<Chunk>;
  /** Whether the step gives no more rows whatever comes. */
  readonly isExhausted?: () => boolean;
  /** For who goes on: rows let through so far, and the keys met since the last call. */
  readonly remember?: () => { readonly passed?: number; readonly keys?: readonly unknown[] };
  readonly close?: () => Promise<void>;
}

/** Records that row `index` of `chunk` could not be computed. */
export function logFailure(log: ChunkLog, chunk: Chunk, index: number, step: { readonly name: string; readonly at: Place }, message: string): void {
  const row = sourceRowOf(chunk, index);
  const { ordinal, split, firstRow } = chunk.id;
  log.failures.push({ ordinal, split, row: firstRow + row, place: chunk.places[row], step: step.name, at: step.at, message });
}

/** The message of a row's fault; a fault of the job passes through. */
export function rowMessage(error: unknown): string {
  if (error instanceof JobError || error instanceof Stopped) throw error;
  return errorLine(error);
}
