/** Every exported model, cut at every block boundary and at random places: what comes out is the whole's, bit for bit. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readInputs } from "../../../compiler/cli/shards/model-inputs.ts";
import { inferShapes, type InferredGraph } from "../../../compiler/onnx/infer/infer-shapes.ts";
import type { ModelGraph } from "../../../compiler/onnx/model-graph.ts";
import { readTensorBytes } from "../../../compiler/onnx/read-tensor.ts";
import { ropeBytes } from "../../../compiler/onnx/rope.ts";
import { blockCuts, chooseCuts } from "../../../compiler/shard/choose-cuts.ts";
import type { Cuts, ShardSet } from "../../../compiler/shard/shard-set.ts";
import { writeStage } from "../../../compiler/shard/write-stage.ts";
import { optimized } from "../../support/onnx-run.ts";
import { readSound } from "../../support/onnx-models.ts";
import { createRandom } from "../../support/random.ts";
import { cutSoundly, differing, randomCuts, runBytes, runShards, type Values } from "../../support/shard-trial.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../../support/shared.ts";

/** Random cuts per model, spread over 2, 3 and 4 stages: all 50 where the models must be there. */
const trials = Number(process.env["PIPEC_SHARD_TRIALS"] ?? (process.env["PIPEC_REQUIRE_SHARED"] === "1" ? 50 : 9));
const timeoutMs = 60_000 + trials * 2_000;

interface Loaded {
  readonly bytes: Uint8Array;
  readonly model: ModelGraph;
  readonly inferred: InferredGraph;
  readonly feeds: Values;
}

function load(name: string): Loaded {
  const bytes = readFileSync(sharedPath("models", name, "model.onnx"));
  const model = readSound(name, bytes);
  const feeds = readInputs(model, sharedPath("models", name, "test_data_set_0"));
  if (!feeds.ok) throw new Error(feeds.diagnostics[0]?.message);
  return { bytes, model, inferred: inferShapes(model), feeds: feeds.value };
}

/** Weights of the shards are the whole's, byte for byte, and each is where it is used. */
function expectSameWeights(set: ShardSet): void {
  const whole = new Map(set.model.graph.initializers.map((tensor) => [tensor.name, tensor]));
  const found = new Set<string>();
  for (const stage of set.stages) {
    const shard = readSound(`stage ${stage.index}`, ropeBytes(writeStage(stage).model));
    for (const tensor of shard.graph.initializers) {
      const original = whole.get(tensor.name);
      if (!original) throw new Error(`${tensor.name} is no initializer of the whole`);
      const [a, b] = [readTensorBytes(set.model.files, original, 2 ** 30), readTensorBytes(shard.files, tensor, 2 ** 30)];
      expect(a && b && Buffer.compare(a, b), tensor.name).toBe(0);
      found.add(tensor.name);
    }
  }
  const used = new Set(set.model.graph.nodes.flatMap((node) => node.inputs));
  expect([...whole.keys()].filter((name) => used.has(name) && !found.has(name))).toEqual([]);
}

const boundaryStages = [3, 4];

/** Each boundary by itself, and what is chosen for 3 and 4 stages. */
function boundaryCuts({ model, inferred }: Loaded): readonly Cuts[] {
  return [...blockCuts(model, inferred).map((cut) => [cut]), ...boundaryStages.flatMap((stages) => [chooseCuts(model, inferred, stages) ?? []])];
}

describeWithShared("exported models, cut", "models", () => {
  it.each(sharedFolders("models"))("%s: at every block boundary", async (name) => {
    const loaded = load(name);
    const whole = await runBytes(loaded.bytes, loaded.feeds);
    const cuts = boundaryCuts(loaded);
    expect(cuts.length).toBeGreaterThan(boundaryStages.length);
    for (const cut of cuts) {
      const set = cutSoundly(loaded.model, cut, loaded.inferred);
      expect(set.stages).toHaveLength(cut.length + 1);
      expect(differing(whole, await runShards(set, loaded.feeds))).toEqual([]);
      expectSameWeights(set);
    }
  }, timeoutMs);

  it.each(sharedFolders("models"))(`%s: at ${trials} random places`, async (name) => {
    const loaded = load(name);
    const whole = await runBytes(loaded.bytes, loaded.feeds);
    const random = createRandom(name.length * 1000 + name.charCodeAt(0));
    for (let trial = 0; trial < trials; trial++) {
      const cuts = randomCuts(loaded.model, loaded.inferred, 2 + (trial % 3), random);
      const set = cutSoundly(loaded.model, cuts, loaded.inferred);
      expect(differing(whole, await runShards(set, loaded.feeds)), `trial ${trial}`).toEqual([]);
      expectSameWeights(set);
    }
  }, timeoutMs);

  it.each(sharedFolders("models"))("%s: optimised first, then cut and run as it is", async (name) => {
    const { bytes, feeds } = load(name);
    const whole = await runBytes(bytes, feeds, "extended");
    const rewritten = await optimized(bytes);
    const model = readSound(name, rewritten);
    const inferred = inferShapes(model);
    for (const stages of [2, 3, 4]) {
      const set = cutSoundly(model, chooseCuts(model, inferred, stages) ?? [], inferred);
      expect(set.stages).toHaveLength(stages);
      expect(differing(whole, await runShards(set, feeds))).toEqual([]);
      const random = randomCuts(model, inferred, stages, createRandom(stages));
      expect(differing(whole, await runShards(cutSoundly(model, random, inferred), feeds)), "random").toEqual([]);
    }
  }, timeoutMs);
});
