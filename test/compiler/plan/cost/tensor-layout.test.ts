/** What the planner takes tensor parallelism to divide. */
import { expect, test } from "vitest";
import { tensorLayout } from "../../../../compiler/plan/cost/tensor-layout.ts";
import { workOfModel } from "../../../../compiler/plan/cost/work-of-model.ts";
import { createModelBuilder } from "../../../../compiler/onnx/build-model.ts";
import { dimName, dimOf } from "../../../../language/tensor/dim.ts";
import { builtModel } from "../../../support/onnx-models.ts";

/** Of a model that looks words up and projects them: the weights that are divided, and what is exchanged. */
function layoutOf(words: number) {
  const b = createModelBuilder(17);
  const looked = b.node("Gather", [b.weight("words", [words, 128], 1), b.input("ids", "i64", ["N", 6])], {}, { outputs: ["looked"] });
  const even = b.node("LayerNormalization", [looked, b.floats("scale", [128], new Array<number>(128).fill(1))], { axis: -1 });
  b.node("MatMul", [b.node("Tanh", [b.node("MatMul", [even, b.weight("up", [128, 512], 0.1)])]), b.weight("down", [512, 128], 0.1)], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 6, 128]);
  const work = workOfModel(builtModel(b), { name: "m", inputShapes: new Map([["ids", [dimName("N"), dimOf(6)]]]), batchName: "N", batches: [8], buckets: [{ share: 1, dims: new Map() }] });
  const { shardedWeights, exchanges } = tensorLayout(work);
  return {
    divided: work.weights.flatMap(({ name }, at) => (shardedWeights[at] ? [name] : [])),
    exchanged: exchanges.flat().map(({ kind, value }) => `${kind} ${work.values[value]?.name ?? ""}`),
  };
}

test("products by weights, and large tables for an exchange more", () => {
  expect(layoutOf(1_000)).toEqual({ divided: ["up", "down"], exchanged: ["sum y"] });
  expect(layoutOf(40_000)).toEqual({ divided: ["words", "up", "down"], exchanged: ["gather looked", "sum y"] });
});
