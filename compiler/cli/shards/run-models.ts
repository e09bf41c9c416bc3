/** Runs a whole model, or its shards one after the other, through onnxruntime. */
import { join } from "node:path";
import type { InferenceSession, OnnxValue, Tensor } from "onnxruntime-node";
import type { ShardSet } from "../../shard/shard-set.ts";
import { stageFiles } from "../../shard/write-stage.ts";

/** Tensors by name. */
export type Values = Readonly<Record<string, Tensor>>;

export interface RunOptions {
  /** Lets onnxruntime rewrite each model; otherwise it runs them as they are. */
  readonly optimize: boolean;
}

/** What onnxruntime would not load or run, in its words. */
export class RunFailure extends Error {
  /** "the whole model", "stage 2". */
  readonly part: string;

  constructor(part: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause));
    this.part = part;
  }
}

/** Outputs of the model at `path` for each of the feeds. */
export function runWhole(path: string, feeds: readonly Values[], outputs: readonly string[], options: RunOptions): Promise<readonly Values[]> {
  return runModel("the whole model", path, feeds, outputs, options);
}

/** Outputs of the chain of shards in `folder` for each of the feeds. One stage is loaded at a time. */
export async function runChain(set: ShardSet, folder: string, feeds: readonly Values[], options: RunOptions): Promise<readonly Values[]> {
  let arriving = feeds.map((values) => values);
  for (const stage of set.stages) {
    // Only what the manifest passes on arrives: a value forgotten there is missed here.
    const fed = arriving.map((values) => pick(values, stage.inputs.map((input) => input.name)));
    const made = await runModel(`stage ${stage.index + 1}`, join(folder, stageFiles(stage).model), fed, stage.outputs, options);
    arriving = arriving.map((values, at) => pick({ ...values, ...made[at] }, stage.sends));
  }
  return arriving;
}

function pick(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}

async function runModel(part: string, path: string, feeds: readonly Values[], outputs: readonly string[], { optimize }: RunOptions): Promise<readonly Values[]> {
  if (outputs.length === 0) return feeds.map(() => ({}));
  const { InferenceSession } = await import("onnxruntime-node");
  let session: InferenceSession | undefined;
  try {
    session = await InferenceSession.create(path, { graphOptimizationLevel: optimize ? "all" : "disabled", logSeverityLevel: 3 });
    const results: Values[] = [];
    for (const feed of feeds) results.push(tensorsOf(await session.run(feed, [...outputs])));
    return results;
  } catch (error) {
    throw new RunFailure(part, error);
  } finally {
    await session?.release();
  }
}

function tensorsOf(values: Readonly<Record<string, OnnxValue>>): Values {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => ("data" in value ? [[name, value]] : [])));
}
