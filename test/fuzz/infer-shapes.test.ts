/**
 * Shape inference on random graphs: any known operator over any inputs and attributes. It never throws, types every value,
 * and keeps dimensions short. Run more with PIPEC_FUZZ_RUNS.
 */
import { expect, test } from "vitest";
import { inferShapes } from "../../compiler/onnx/infer/infer-shapes.ts";
import type { InferredScope } from "../../compiler/onnx/infer/infer-shapes.ts";
import { printInferredType } from "../../compiler/onnx/infer/inferred-type.ts";
import { bytesModel } from "../../compiler/onnx/byte-source.ts";
import { readModel } from "../../compiler/onnx/read-model.ts";
import { createRandom } from "../support/random.ts";
import { randomModel } from "../support/random-model.ts";

/** What is wrong with the values of a scope and of those inside it. */
function problemsOf(scope: InferredScope): readonly string[] {
  const long = [...scope.types].filter(([, type]) => printInferredType(type).length > 64 * 1000).map(([name]) => `${name} has a type too long`);
  const uneven = [...scope.values].filter(([, value]) => value.elements.length !== value.dims.reduce((product, dim) => product * dim, 1)).map(([name]) => `${name} has elements that do not fill its dims`);
  return [...long, ...uneven, ...[...scope.nested.values()].flat().flatMap(problemsOf)];
}

test("random graphs are inferred without a throw", () => {
  const runs = Number(process.env["PIPEC_FUZZ_RUNS"] ?? 300);
  let sound = 0;
  for (let seed = 0; seed < runs; seed++) {
    const { model } = readModel(bytesModel("random.onnx", randomModel(createRandom(seed))));
    if (!model) continue;
    sound++;
    const inferred = inferShapes(model);
    const untyped = model.graph.nodes.flatMap((node) => node.outputs).filter((name) => !inferred.types.has(name));
    expect([...untyped.map((name) => `${name} has no type`), ...problemsOf(inferred)], `seed ${seed}`).toEqual([]);
  }
  expect(sound).toBeGreaterThan(runs / 2);
});
