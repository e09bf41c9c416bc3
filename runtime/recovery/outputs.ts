/** All that a run writes: the sinks' targets and the dead letters, opened before the first row, published together. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { jobError } from "../contract/failures.ts";
import type { Split } from "../contract/kernel.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { openDeadLetters } from "./dead-letters.ts";
import type { DeadLetterFile } from "./dead-letters.ts";
import { checkTarget, describeTarget, discard, openStaging, publish } from "./output-target.ts";
import type { OutputTarget, Owner } from "./output-target.ts";

export interface Outputs {
  /** By sink; undefined for one without files. */
  readonly targets: readonly (OutputTarget | undefined)[];
  readonly deadLetters: DeadLetterFile | undefined;
  /** Where the dead letters go, as the user named it. */
  readonly deadLetterPath: string | undefined;
  /** Refuses to go on where an output would replace one of the inputs. */
  readonly checkInputs: (splits: readonly Split[]) => void;
  /** Gives the files their final names. `files`: by sink, relative to its target. */
  readonly publish: (files: readonly (readonly string[])[]) => Promise<void>;
  readonly discard: () => Promise<void>;
}

export interface OutputRequest {
  readonly pipeline: PipelineSpec;
  readonly owner: Owner;
  readonly overwrite: boolean;
  readonly splitsOf: (region: number) => readonly Split[];
}

export async function openOutputs(request: OutputRequest): Promise<Outputs> {
  const { pipeline, owner, overwrite } = request;
  const targets = pipeline.sinks.map((sink) => {
    const { extension } = sink.kernel;
    if (extension === undefined) return undefined;
    if (sink.path === undefined) throw jobError("R0146", `${sink.label} was given no path to write to`);
    return describeTarget(sink.path(), extension);
  });
  const deadTarget = pipeline.errors.kind === "deadLetter" ? describeTarget(pipeline.errors.path(), "jsonl") : undefined;
  const all = [...targets, deadTarget].filter((target) => target !== undefined);
  checkDistinct(all);
  const others = new Set(all.map((target) => resolve(target.path)));
  for (const target of all) await checkTarget(target, owner, overwrite, others);
  const staged = await stageAll(all);
  const deadLetters = deadTarget === undefined ? undefined : openDeadLetters(deadTarget, request.splitsOf);
  return {
    targets,
    deadLetters,
    deadLetterPath: deadTarget?.path,
    checkInputs: (splits) => checkInputs(all, splits),
    publish: async (files) => {
      // Dead letters may lie in a sink's folder, whose emptiness was checked: they go last.
      for (const [index, target] of targets.entries()) if (target !== undefined) await publish(target, owner, files[index], { overwrite, others });
      if (deadTarget === undefined || deadLetters === undefined) return;
      const dead = await deadLetters.close();
      // No folder where nothing failed; but an earlier run's letters must go.
      if (dead.length > 0 || (await exists(deadTarget.path))) await publish(deadTarget, owner, dead, { overwrite, others });
    },
    discard: async () => {
      for (const { target, made } of staged.toReversed()) await discard(target, made);
    },
  };
}

function exists(path: string): Promise<boolean> {
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

function checkInputs(targets: readonly OutputTarget[], splits: readonly Split[]): void {
  const inputs = new Map(splits.map((split) => [resolve(split.path), split.path]));
  for (const target of targets) {
    const input = inputs.get(resolve(target.path));
    if (target.kind === "file" && input !== undefined) throw jobError("R0155", `the output ${target.path} is also an input of the run`, "choose another output path");
  }
}
