/**
 * All that a run writes: the sinks' targets and the dead letters, opened before the first row. Without a checkpoint
 * everything is published at the end; with one, group by group.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { jobError } from "../contract/failures.ts";
import type { Split } from "../contract/kernel.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { emptyState } from "./commit-state.ts";
import { openDeadLetters } from "./dead-letters.ts";
import type { DeadLetterFile } from "./dead-letters.ts";
import type { ReadyGroup } from "./group-tracker.ts";
import { checkTarget, describeTarget, discard, openStaging, publish } from "./output-target.ts";
import type { OutputTarget, Owner } from "./output-target.ts";
import type { RegionState } from "./manifest.ts";
import type { StepKeys } from "./progress.ts";
import { sinkBeginning } from "./sink-writer.ts";
import type { SinkStart } from "./sink-writer.ts";

export interface WrittenFiles {
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Where a run begins: at the beginning, or where an earlier one stopped. */
export interface RunStart {
  readonly isResumed: boolean;
  /** Nothing is left to compute. */
  readonly isComplete: boolean;
  /** An earlier run has finished, and a new one would make the same. */
  readonly isFinished?: boolean;
  readonly regions: readonly RegionState[];
  /** By sink. */
  readonly sinks: readonly SinkStart[];
  /** Keys that steps have met, by step. */
  readonly keys: StepKeys;
}

export interface Outputs {
  /** By sink; undefined for one without files. */
  readonly targets: readonly (OutputTarget | undefined)[];
  readonly deadLetters: DeadLetterFile | undefined;
  /** Where the dead letters go, as the user named it. */
  readonly deadLetterPath: string | undefined;
  readonly start: RunStart;
  /** Refuses to go on where an output would replace one of the inputs. */
  readonly checkInputs: (splits: readonly Split[]) => void;
  /** All sources are known, by region: refuses to go on where they are not those of the run that stopped. */
  readonly noteSources: (splits: readonly (readonly Split[])[]) => void;
  /** All there is of one group. Groups of a region in order; a call need not wait for the one before. */
  readonly commit: (group: ReadyGroup) => Promise<void>;
  /** Gives everything its final name. By sink, what was written. */
  readonly publish: () => Promise<readonly WrittenFiles[]>;
  /** At the end of the run, however it ended. */
  readonly discard: () => Promise<void>;
}

export interface OutputRequest {
  readonly pipeline: PipelineSpec;
  readonly owner: Owner;
  readonly overwrite: boolean;
  readonly splitsOf: (region: number) => readonly Split[];
  readonly regions: number;
}

/** The targets as the user named them; nothing is looked at on disk. */
export interface Places {
  readonly targets: readonly (OutputTarget | undefined)[];
  readonly deadTarget: OutputTarget | undefined;
  readonly all: readonly OutputTarget[];
  /** Their full paths: outputs may lie within one another. */
  readonly others: ReadonlySet<string>;
}

export function describePlaces(pipeline: PipelineSpec): Places {
  const targets = pipeline.sinks.map((sink) => {
    const { extension } = sink.kernel;
    if (extension === undefined) return undefined;
    if (sink.path === undefined) throw jobError("R0146", `${sink.label} was given no path to write to`);
    return describeTarget(sink.path(), extension);
  });
  const deadTarget = pipeline.errors.kind === "deadLetter" ? describeTarget(pipeline.errors.path(), "jsonl") : undefined;
  const all = [...targets, deadTarget].filter((target) => target !== undefined);
  checkDistinct(all);
  return { targets, deadTarget, all, others: new Set(all.map((target) => resolve(target.path))) };
}

/** Outputs that are published when the run has finished. */
export async function openOutputs(request: OutputRequest): Promise<Outputs> {
  const { pipeline, owner, overwrite } = request;
  const { targets, deadTarget, all, others } = describePlaces(pipeline);
  for (const target of all) await checkTarget(target, owner, { overwrite, others });
  const staged = await stageAll(all);
  const deadLetters = deadTarget === undefined ? undefined : openDeadLetters(deadTarget, request.splitsOf);
  const written = pipeline.sinks.map(() => ({ names: new Array<string>(), rows: 0, bytes: 0 }));
  return {
    targets,
    deadLetters,
    deadLetterPath: deadTarget?.path,
    start: { isResumed: false, isComplete: false, regions: emptyState(request.regions, 0).regions, sinks: pipeline.sinks.map(() => sinkBeginning), keys: new Map() },
    checkInputs: (splits) => checkInputs(all, splits),
    noteSources: () => {},
    commit: async ({ sinks }) => {
      for (const { sink, report } of sinks) {
        const sum = written[sink];
        for (const { name } of report.files) sum.names.push(name);
        sum.rows += report.rows;
        sum.bytes += report.bytes;
      }
    },
    publish: async () => {
      // While nothing is published: what fails then leaves no half of the outputs.
      const dead = (await deadLetters?.close()) ?? [];
      // Dead letters may lie in a sink's folder, whose emptiness was checked: they go last.
      for (const [index, target] of targets.entries()) if (target !== undefined) await publish(target, owner, written[index].names, { overwrite, others });
      // No folder where nothing failed; but an earlier run's letters must go.
      if (deadTarget !== undefined && (dead.length > 0 || (await exists(deadTarget.path)))) await publish(deadTarget, owner, dead, { overwrite, others });
      return written.map(({ names, rows, bytes }) => ({ files: names.length, rows, bytes }));
    },
    discard: async () => {
      for (const { target, made } of staged.toReversed()) await discard(target, made);
    },
  };
}

export function exists(path: string): Promise<boolean> {
  return stat(resolve(path)).then(() => true, () => false);
}

interface Staged {
  readonly target: OutputTarget;
  readonly made: string | undefined;
}

async function stageAll(targets: readonly OutputTarget[]): Promise<readonly Staged[]> {
  const staged: Staged[] = [];
  try {
    for (const target of targets) staged.push({ target, made: await openStaging(target) });
  } catch (error) {
    for (const { target, made } of staged.toReversed()) await discard(target, made);
    throw error;
  }
  return staged;
}

function checkDistinct(targets: readonly OutputTarget[]): void {
  const seen = new Map<string, string>();
  for (const { path } of targets) {
    const full = resolve(path);
    const before = seen.get(full);
    if (before !== undefined) throw jobError("R0154", `two outputs go to ${path}`, "give each its own path");
    seen.set(full, path);
  }
}

export function checkInputs(targets: readonly OutputTarget[], splits: readonly Split[]): void {
  const inputs = new Map(splits.map((split) => [resolve(split.path), split.path]));
  for (const target of targets) {
    const input = inputs.get(resolve(target.path));
    if (target.kind === "file" && input !== undefined) throw jobError("R0155", `the output ${target.path} is also an input of the run`, "choose another output path");
  }
}
