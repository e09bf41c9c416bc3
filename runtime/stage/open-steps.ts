/** The steps of one worker, opened: resources loaded, models on their devices, and run one after the other on a chunk. */
import type { Chunk } from "../contract/chunk.ts";
import type { StepSpec } from "../contract/program.ts";
import { openExplode } from "./explode-step.ts";
import { openImplode } from "./implode-step.ts";
import { openFilter, openMap, openSample } from "./map-step.ts";
import { openModelPartStep } from "./model-part-step.ts";
import { openModelStep } from "./model-step.ts";
import { openDedupe, openLimit } from "./ordered-steps.ts";
import { openZip } from "./zip-step.ts";
import type { ChunkLog, OpenStep, StepContext } from "./step-context.ts";

export interface OpenSteps {
  /** Runs the steps. `given` holds the chunks that come from outside, by step; the answer the chunk of every step. */
  readonly run: (given: ReadonlyMap<number, Chunk>, log: ChunkLog) => Promise<ReadonlyMap<number, Chunk>>;
  /** Whether no step at the end of these gives any more rows. */
  readonly isExhausted: () => boolean;
  /** What steps that look at rows before remember, by step: keys are those since the last call. */
  readonly remember: () => { readonly passed: Readonly<Record<string, number>>; readonly keys: ReadonlyMap<number, readonly unknown[]> };
  readonly close: () => Promise<void>;
}

/** `steps` in topological order; those of kind `read` are given from outside. */
export async function openSteps(steps: readonly StepSpec[], context: StepContext): Promise<OpenSteps> {
  await Promise.all(steps.flatMap((step) => step.resources.map((resource) => resource.load())));
  const opened: { readonly step: StepSpec; readonly run: OpenStep }[] = [];
  for (const step of steps) {
    if (step.kind === "read") continue;
    const open = (): Promise<OpenStep> => openStep(step, context);
    opened.push({ step, run: context.around === undefined ? await open() : await context.around(step, open) });
  }
  return {
    run: async (given, log) => {
      const chunks = new Map(given);
      for (const { step, run } of opened) {
        if (chunks.has(step.id)) continue;
        log.checkStop();
        const made = await run.run(inputsOf(step).map((input) => chunkOf(chunks, input, step)), log);
        context.observe?.(step.id, made);
        chunks.set(step.id, made);
      }
      return chunks;
    },
    isExhausted: () => opened.some(({ run }) => run.isExhausted?.() === true),
    remember: () => remember(opened),
    close: async () => {
      for (const { run } of opened) await run.close?.();
    },
  };
}

function remember(opened: readonly { readonly step: StepSpec; readonly run: OpenStep }[]): ReturnType<OpenSteps["remember"]> {
  const passed: Record<string, number> = {};
  const keys = new Map<number, readonly unknown[]>();
  for (const { step, run } of opened) {
    const memory = run.remember?.();
    if (memory?.passed !== undefined) passed[step.id] = memory.passed;
    if (memory?.keys !== undefined && memory.keys.length > 0) keys.set(step.id, memory.keys);
  }
  return { passed, keys };
}

function chunkOf(chunks: ReadonlyMap<number, Chunk>, input: number, step: StepSpec): Chunk {
  const chunk = chunks.get(input);
  if (chunk === undefined) throw new Error(`step ${step.name} lacks the rows of step ${input}`);
  return chunk;
}

export function inputsOf(step: StepSpec): readonly number[] {
  if (step.kind === "read") return [];
  return step.kind === "zip" ? step.inputs : [step.input];
}

/** One step; its resources are loaded. */
export async function openStep(step: Exclude<StepSpec, { kind: "read" }>, context: StepContext): Promise<OpenStep> {
  switch (step.kind) {
    case "map":
      return openMap(step);
    case "filter":
      return openFilter(step);
    case "model":
      return openModelStep(step, context);
    case "modelPart":
      return openModelPartStep(step, context);
    case "explode":
      return openExplode(step, context);
    case "implode":
      return openImplode(step);
    case "dedupe":
      return openDedupe(step, context.memoryOf?.(step.id));
    case "limit":
      return openLimit(step, context.memoryOf?.(step.id));
    case "sample":
      return openSample(step);
    case "zip":
      return openZip();
  }
}
