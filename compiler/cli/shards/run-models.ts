/** Runs a whole model, or its shards one after the other, through onnxruntime. */
import { join } from "node:path";
import type { InferenceSession, OnnxValue, Tensor } from "onnxruntime-node";
import type { TensorOrigin } from "../../../runtime/contract/program.ts";
import type { ShardSet, ShardStage } from "../../shard/shard-set.ts";
import { segmentFiles } from "../../shard/write-stage.ts";

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

/** Outputs of the chain of shards in `folder` for each of the feeds. One segment is loaded at a time. */
export async function runChain(set: ShardSet, folder: string, feeds: readonly Values[], options: RunOptions): Promise<readonly Values[]> {
  let arriving = feeds.map((values) => values);
  for (const stage of set.stages) {
    const made = await runStage(stage, folder, arriving, options);
    // Only what the manifest passes on arrives: a value forgotten there is missed at the next stage.
    arriving = arriving.map((values, at) => collect(stage.leaves.map(({ value, from }) => ({ port: value, from })), values, made, 0, at));
  }
  return arriving;
}

/** By rank and segment: what each made, for each of the feeds. */
type Made = readonly (readonly (readonly Values[])[])[];

async function runStage(stage: ShardStage, folder: string, arriving: readonly Values[], options: RunOptions): Promise<Made> {
  const made: (readonly Values[])[][] = stage.ranks.map(() => []);
  const segments = stage.ranks[0]?.segments.length ?? 0;
  for (let segment = 0; segment < segments; segment++) {
    for (const [rank, { segments: own }] of stage.ranks.entries()) {
      const { inputs, outputs } = own[segment] ?? { inputs: [], outputs: [] };
      const part = `stage ${stage.index + 1}${stage.ranks.length > 1 ? `, rank ${rank}, segment ${segment}` : ""}`;
      const fed = arriving.map((values, at) => collect(inputs, values, made, rank, at));
      made[rank]?.push(await runModel(part, join(folder, segmentFiles(stage, rank, segment).model), fed, outputs, options));
    }
  }
  return made;
}

/** Follows origins to their tensors; one that is not there is left out. */
function collect(ports: readonly { readonly port: string; readonly from: TensorOrigin }[], arriving: Values, made: Made, rank: number, at: number): Values {
  const found = (from: TensorOrigin): Tensor | undefined => {
    switch (from.kind) {
      case "stage": return arriving[from.value];
      case "self": return made[rank]?.[from.segment]?.[at]?.[from.port];
      case "peer": return made[from.rank]?.[from.segment]?.[at]?.[from.port];
    }
  };
  return Object.fromEntries(ports.flatMap(({ port, from }) => {
    const tensor = found(from);
    return tensor ? [[port, tensor]] : [];
  }));
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
