import { expect, test } from "vitest";
import { dimName } from "../../../language/tensor/dim.ts";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { inferShapes } from "../../../compiler/onnx/infer/infer-shapes.ts";
import { batchAxisOf } from "../../../compiler/shard/batch-axis.ts";
import { builtModel } from "../../support/onnx-models.ts";

test("where the rows of a batch are, where they are not, and where that cannot be told", () => {
  const builder = createModelBuilder(17, 1);
  const x = builder.input("x", "f32", ["N", "T", 4]);
  const by = builder.input("by", "f32", []);
  builder.node("Relu", [x], {}, { outputs: ["same"] });
  builder.node("Transpose", [x], { perm: [1, 0, 2] }, { outputs: ["second"] });
  builder.node("Shape", [x], {}, { outputs: ["sizes"] });
  builder.node("Shape", [x], { start: 1 }, { outputs: ["others"] });
  builder.node("Reshape", [x, builder.ints("merged_to", [2], [-1, 4])], {}, { outputs: ["merged"] });
  builder.node("ReduceMean", [x], { axes: [0], keepdims: 0 }, { outputs: ["mean"] });
  builder.node("Mul", [by, builder.floats("two", [], [2])], {}, { outputs: ["twice"] });
  const flat = builder.node("NonZero", [x], {}, { outputs: ["found"] });
  for (const name of ["same", "second", "sizes", "others", "merged", "mean", "twice", flat]) builder.output(name, name === "sizes" || name === "others" || name === "found" ? "i64" : "f32", []);
  const model = builtModel(builder);
  const axis = batchAxisOf(model, inferShapes(model, { declarations: "ignore" }), dimName("N"), new Set(["N", "T"]));
  const found = Object.fromEntries(["x", "same", "second", "others", "by", "twice", "two", "sizes", "merged", "mean", "found"].map((name) => [name, axis(name)]));
  expect(found).toEqual({ x: 0, same: 0, second: 1, others: null, by: null, twice: null, two: null, sizes: undefined, merged: undefined, mean: undefined, found: undefined });
});
