/** Tables that rows are looked up in: large ones are divided by columns, which costs an exchange; small ones stay whole. */
import { expect, it } from "vitest";
import { randomInputs } from "../../../../compiler/cli/shards/model-inputs.ts";
import { createModelBuilder } from "../../../../compiler/onnx/build-model.ts";
import type { ShardStage } from "../../../../compiler/shard/shard-set.ts";
import { builtBytes, readSound } from "../../../support/onnx-models.ts";
import { beyondTolerance, rankSoundly, runRanks } from "../../../support/rank-trial.ts";
import { runBytes } from "../../../support/shard-trial.ts";

const width = 128;

/** Words and their places, normalised, a layer, and scores of every word of a small vocabulary by its own embedding. */
function language(words: number, isTied = false): Uint8Array {
  const b = createModelBuilder(17, 7);
  const table = b.weight("words", [words, width], 1);
  const looked = b.node("Gather", [table, b.input("ids", "i64", ["N", 6])], {}, { outputs: ["looked"] });
  const placed = b.node("Add", [looked, b.weight("places", [6, width], 1)]);
  const even = b.node("LayerNormalization", [placed, b.floats("scale", [width], new Array<number>(width).fill(1))], { axis: -1 });
  const wide = b.node("Tanh", [b.node("MatMul", [even, b.weight("up", [width, 32], 0.1)])]);
  const back = b.node("MatMul", [wide, b.weight("down", [32, width], 0.1)]);
  if (isTied) b.node("MatMul", [back, b.node("Transpose", [table], { perm: [1, 0] })], {}, { outputs: ["y"] });
  else b.node("Exp", [back], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 6, isTied ? words : width]);
  return builtBytes(b);
}

function sharesOf(stage: ShardStage | undefined): readonly string[] {
  return (stage?.tensors?.sliced ?? []).map(({ weight, state }) => `${weight} by axis ${state.axis}`);
}

it.each([2, 4])("a large table is divided by columns among %i ranks, and put together once what is looked up is needed whole", async (count) => {
  const bytes = language(40_000);
  const model = readSound("m.onnx", bytes);
  const set = rankSoundly(model, 1, count);
  const [stage] = set.stages;
  expect(sharesOf(stage)).toContain("words by axis 1");
  expect(stage?.tensors?.collectives.map(({ op }) => op)).toEqual(["concat", "sum"]);
  const held = stage?.ranks.map(({ segments }) => segments.reduce((sum, { weightBytes }) => sum + weightBytes, 0)) ?? [];
  for (const own of held) expect(own).toBeLessThan((40_000 * width * 4) / count + 200_000);
  const feeds = randomInputs(model, new Map([["N", 2]]), 1);
  if (!feeds.ok) throw new Error("the inputs can be made");
  expect(beyondTolerance(await runBytes(bytes, feeds.value), await runRanks(set, feeds.value))).toEqual([]);
});

it("a small table is not worth an exchange", () => {
  const [stage] = rankSoundly(readSound("m.onnx", language(1_000)), 1, 2).stages;
  expect(sharesOf(stage)).not.toContain("words by axis 1");
  expect(stage?.tensors?.replicated).toContainEqual({ weight: "words", bytes: 1_000 * width * 4, reason: "rows are looked up in the whole table: an exchange would cost more than it saves" });
});

it("a table that scores words, too, is divided both ways", () => {
  const [stage] = rankSoundly(readSound("m.onnx", language(40_000, true)), 1, 2).stages;
  expect(sharesOf(stage)).toEqual(expect.arrayContaining(["words by axis 0", "words by axis 1"]));
});
