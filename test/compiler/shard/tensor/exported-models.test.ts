/**
 * Every exported model on 2 and 4 ranks: within rounding of the whole; every linear weight that can be divided is, what
 * is not is listed with its reason; a transformer's block has two sums.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readInputs } from "../../../../compiler/cli/shards/model-inputs.ts";
import { inferShapes } from "../../../../compiler/onnx/infer/infer-shapes.ts";
import type { ShardSet, ShardStage } from "../../../../compiler/shard/shard-set.ts";
import { readSound } from "../../../support/onnx-models.ts";
import { beyondTolerance, rankSoundly, runRanks } from "../../../support/rank-trial.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../../../support/shared.ts";
import { runBytes } from "../../../support/shard-trial.ts";

const transformers = /^(albert|bert|clip|deit|distilbert|gpt2|roberta|vit)/;
const timeoutMs = 120_000;

function load(name: string) {
  const bytes = readFileSync(sharedPath("models", name, "model.onnx"));
  const model = readSound(name, bytes);
  const feeds = readInputs(model, sharedPath("models", name, "test_data_set_0"));
  if (!feeds.ok) throw new Error(feeds.diagnostics[0]?.message);
  return { bytes, model, inferred: inferShapes(model), feeds: feeds.value };
}

const linear: ReadonlySet<string> = new Set(["MatMul", "Gemm", "Conv", "ConvTranspose"]);

/** Weights of products that stay whole though some axis could be divided, and that no look-up has whole anyway. */
function dividedTooLittle({ model, stages }: ShardSet, ranks: number): readonly string[] {
  const lookedUp = new Set(model.graph.nodes.filter((node) => node.op === "Gather").flatMap((node) => node.inputs));
  const weights = new Set(model.graph.nodes.filter((node) => linear.has(node.op)).map((node) => node.inputs[1] ?? ""));
  return stages.flatMap(({ tensors }) => tensors?.replicated ?? []).flatMap(({ weight }) => {
    const dims = model.graph.initializers.find((tensor) => tensor.name === weight)?.dims ?? [];
    return weights.has(weight) && !lookedUp.has(weight) && dims.some((dim) => dim % ranks === 0) ? [weight] : [];
  });
}

/** By block: how often the ranks add up. */
function sumsByBlock(stage: ShardStage): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { op, block } of stage.tensors?.collectives ?? []) if (op === "sum") sums.set(block, (sums.get(block) ?? 0) + 1);
  return sums;
}

describeWithShared("exported models on ranks", "models", () => {
  it.each(sharedFolders("models").flatMap((name) => [2, 4].map((ranks) => ({ name, ranks }))))("$name on $ranks", async ({ name, ranks }) => {
    const { bytes, model, inferred, feeds } = load(name);
    const set = rankSoundly(model, 1, ranks, inferred);
    expect(beyondTolerance(await runBytes(bytes, feeds), await runRanks(set, feeds))).toEqual([]);
    expect(dividedTooLittle(set, ranks)).toEqual([]);
    const [stage] = set.stages;
    expect(stage?.tensors?.replicated.every(({ reason }) => reason.length > 0)).toBe(true);
    if (stage && transformers.test(name)) expect(Math.max(...sumsByBlock(stage).values())).toBeLessThanOrEqual(2);
  }, timeoutMs);

  it("two stages of two ranks", async () => {
    for (const name of sharedFolders("models").filter((folder) => /^(bert-dynamo|vit-torchscript|resnet-dynamo)$/.test(folder))) {
      const { bytes, model, inferred, feeds } = load(name);
      const set = rankSoundly(model, 2, 2, inferred);
      expect(set.stages.map(({ ranks }) => ranks.length)).toEqual([2, 2]);
      expect(beyondTolerance(await runBytes(bytes, feeds), await runRanks(set, feeds)), name).toEqual([]);
    }
  }, timeoutMs);
});
