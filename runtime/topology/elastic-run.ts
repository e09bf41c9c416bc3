/** Elasticity for a run on worker threads: what the machine, the models' files and the books say. */
import { performance } from "node:perf_hooks";
import { packedBytes, workerHeldBytes } from "../contract/held-bytes.ts";
import type { Split } from "../contract/kernel.ts";
import { programFile } from "../contract/program-folder.ts";
import type { PipelineSpec, StepSpec } from "../contract/program.ts";
import type { Coordination } from "./coordination.ts";
import { createElasticity } from "./elasticity.ts";
import type { Elasticity } from "./elasticity.ts";
import { freeMemoryBytes } from "./machine.ts";
import { findOtherFile } from "./placement.ts";
import type { ModelPlaces } from "./placement.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Topology } from "./topology.ts";

export function createRunElasticity(request: Coordination["request"], scheduler: Scheduler): Elasticity | undefined {
  const { pipeline, topology, ledger, log, placement } = request;
  const modelBytes = new Map<number, number>();
  const bytesOf = (stage: number): number => {
    const known = modelBytes.get(stage) ?? fileBytes(placement, modelFilesOf(pipeline, stage));
    modelBytes.set(stage, known);
    return workerHeldBytes + packedBytes(known);
  };
  // A resumed run has only what is left.
  const first = topology.regions.map(({ id }) => scheduler.completed(id));
  return createElasticity({
    topology,
    scheduler,
    batchesOf: (stage, rows) => {
      const batches = stepsOf(pipeline, stage).flatMap((step) => ("model" in step ? [step.model.batch] : []));
      return batches.length === 0 ? rows : Math.ceil(rows / Math.max(...batches));
    },
    replicaBytes: bytesOf,
    freeBytes: rarely(freeMemoryBytes),
    mayAdd: everyStage(topology, (stage) => modelFilesOf(pipeline, stage).every((file) => findOtherFile(placement, file) === undefined)),
    chunks: (region) => {
      const known = chunksOf(ledger.splitsOf(region), pipeline.chunkRows);
      if (known !== undefined) return known - first[region];
      // Where nobody knows, half of the run is taken to lie ahead, and at least what was read.
      const share = ledger.shareRead(region) ?? HALF;
      return Math.max(share === 0 ? 0 : Math.ceil(scheduler.completed(region) / share) - first[region], scheduler.done(topology.regions[region].source));
    },
    log,
  });
}

const HALF = 1 / 2;

const LOOK_MS = 250;

/** What was found last, for a while: whoever decides asks after every chunk, and finding out reads several files. */
function rarely<Found>(look: () => Found): () => Found {
  let last: { readonly found: Found; readonly untilMs: number } | undefined;
  return () => {
    const nowMs = performance.now();
    if (last === undefined || nowMs >= last.untilMs) last = { found: look(), untilMs: nowMs + LOOK_MS };
    return last.found;
  };
}

/** Undefined where a split does not say how many rows it has. */
function chunksOf(splits: readonly Split[], chunkRows: number): number | undefined {
  return splits.reduce((sum: number | undefined, { rows }) => (sum === undefined || rows === undefined ? undefined : sum + Math.ceil(rows / chunkRows)), 0);
}

function everyStage(topology: Topology, look: (stage: number) => boolean): (stage: number) => boolean {
  const looks = topology.stages.map(({ id }) => rarely(() => look(id)));
  return (stage) => looks[stage]();
}

function stepsOf(pipeline: PipelineSpec, stage: number): readonly StepSpec[] {
  return pipeline.stages[stage].steps.map((step) => pipeline.steps[step]);
}

function modelFilesOf(pipeline: PipelineSpec, stage: number): readonly string[] {
  return stepsOf(pipeline, stage).flatMap(filesOf).map(programFile);
}

function filesOf(step: StepSpec): readonly string[] {
  if (step.kind === "model") return [step.model.file];
  return step.kind === "modelPart" ? step.part.ranks.flatMap(({ segments }) => segments.map(({ file }) => file)) : [];
}

/** With the weights beside them, which several may share. */
function fileBytes({ files }: ModelPlaces, models: readonly string[]): number {
  const sizes = new Map(models.flatMap((model) => Object.entries(files[model] ?? {})).map(([file, { size }]) => [file, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
