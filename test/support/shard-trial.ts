/** Runs models whole and cut, in memory and as they are, to compare them bit for bit. */
import { InferenceSession } from "onnxruntime-node";
import type { Tensor } from "onnxruntime-node";
import { compareTensors } from "../../compiler/cli/shards/compare-values.ts";
import { indexGraph } from "../../compiler/shard/graph-index.ts";
import { shardPipeline } from "../../compiler/shard/shard-pipeline.ts";
import type { Cuts, ShardSet } from "../../compiler/shard/shard-set.ts";
import { writeStage } from "../../compiler/shard/write-stage.ts";
import type { InferredGraph } from "../../compiler/onnx/infer/infer-shapes.ts";
import type { ModelGraph, Node } from "../../compiler/onnx/model-graph.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";
import type { Random } from "./random.ts";

export type Values = Readonly<Record<string, Tensor>>;

/** Runs one model; its optimisations are off unless asked for. */
export async function runBytes(bytes: Uint8Array, feeds: Values, optimize: "disabled" | "extended" = "disabled"): Promise<Values> {
  const session = await InferenceSession.create(bytes, { graphOptimizationLevel: optimize, intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    return tensorsOf(await session.run(Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] ?? missing(name)]))));
  } finally {
    await session.release();
  }
}

function missing(name: string): never {
  throw new Error(`${name} is not given`);
}

function tensorsOf(values: InferenceSession.OnnxValueMapType): Values {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => ("data" in value ? [[name, value]] : [])));
}

/** Runs the stages one after the other; each is given only what the one before sends. */
export async function runShards(set: ShardSet, feeds: Values): Promise<Values> {
  let arriving = feeds;
  for (const stage of set.stages) {
    const made = await runBytes(ropeBytes(writeStage(stage).model), arriving);
    const all = { ...arriving, ...made };
    arriving = Object.fromEntries(stage.sends.map((name) => [name, all[name] ?? missing(name)]));
  }
  return arriving;
}

/** The outputs that differ in any bit. */
export function differing(whole: Values, sharded: Values): readonly string[] {
  return Object.keys(whole).filter((name) => !compareTensors(whole[name], sharded[name]).equal);
}

/** Cuts that must be valid. */
export function cutSoundly(model: ModelGraph, cuts: Cuts, inferred?: InferredGraph): ShardSet {
  const result = shardPipeline(model, cuts, inferred);
  if (!result.ok) throw new Error(result.diagnostics.map((diagnostic) => diagnostic.message).join("; "));
  return result.set;
}

/** Random valid cuts: prefixes of a random order in which the nodes may run. */
export function randomCuts(model: ModelGraph, inferred: InferredGraph, stages: number, random: Random): Cuts {
  const index = indexGraph(model, inferred);
  const nodes = index.order.filter((node) => index.kindOf.get(node) !== "constant");
  const waiting = new Map(nodes.map((node) => [node, new Set(index.producersOf(node).map(({ node: from }) => from)).size]));
  const users = new Map<Node, Node[]>();
  for (const node of nodes) for (const from of new Set(index.producersOf(node).map((made) => made.node))) users.set(from, [...(users.get(from) ?? []), node]);
  const ready = nodes.filter((node) => waiting.get(node) === 0);
  const order: Node[] = [];
  while (ready.length > 0) {
    const [node] = ready.splice(random.integer(ready.length), 1);
    if (!node) break;
    order.push(node);
    for (const user of users.get(node) ?? []) {
      const left = (waiting.get(user) ?? 0) - 1;
      waiting.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  const places = new Set<number>();
  while (places.size < stages - 1) places.add(1 + random.integer(order.length - 1));
  return [...places].sort((a, b) => a - b).map((place) => new Set(order.slice(0, place)));
}
