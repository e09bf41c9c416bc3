/**
 * Cutting random graphs at random places: a model or a diagnostic comes out, and every set that comes out holds its
 * invariants (cutting verifies them and would throw). Run more with PIPEC_FUZZ_RUNS.
 */
import { expect, test } from "vitest";
import { bytesModel } from "../../compiler/onnx/byte-source.ts";
import { inferShapes } from "../../compiler/onnx/infer/infer-shapes.ts";
import { readModel } from "../../compiler/onnx/read-model.ts";
import { indexGraph } from "../../compiler/shard/graph-index.ts";
import { shardPipeline } from "../../compiler/shard/shard-pipeline.ts";
import { createRandom } from "../support/random.ts";
import { randomModel } from "../support/random-model.ts";
import { randomCuts } from "../support/shard-trial.ts";

test("random graphs are cut, or refused with a reason", () => {
  const runs = Number(process.env["PIPEC_FUZZ_RUNS"] ?? 200);
  let cut = 0;
  for (let seed = 0; seed < runs; seed++) {
    const { model } = readModel(bytesModel("random.onnx", randomModel(createRandom(seed))));
    if (!model) continue;
    // Most random graphs contradict themselves somewhere; what does not follow from it is cut all the same.
    const inferred = { ...inferShapes(model), diagnostics: [] };
    const index = indexGraph(model, inferred);
    const nodes = index.order.filter((node) => index.kindOf.get(node) !== "constant").length;
    if (nodes < 2) continue;
    const result = shardPipeline(model, randomCuts(model, inferred, Math.min(nodes, 2 + (seed % 3)), createRandom(seed)), inferred);
    if (result.ok) cut++;
    else expect([...new Set(result.diagnostics.map((diagnostic) => diagnostic.code))], `seed ${seed}`).toEqual(["P1154"]);
  }
  expect(cut).toBeGreaterThan(runs / 20);
});
