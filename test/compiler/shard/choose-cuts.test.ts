import { describe, expect, it } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { inferShapes } from "../../../compiler/onnx/infer/infer-shapes.ts";
import type { ModelGraph } from "../../../compiler/onnx/model-graph.ts";
import { blockCuts, chooseCuts, cutAfter, stagesMax } from "../../../compiler/shard/choose-cuts.ts";
import { builtModel } from "../../support/onnx-models.ts";
import { cutSoundly } from "../../support/shard-trial.ts";

/** Layers of a multiplication and a sigmoid each; `widths[i]` is the inner width of layer i. */
function layers(widths: readonly number[]): ModelGraph {
  const b = createModelBuilder(17, 3);
  let x = b.input("x", "f32", ["N", 16]);
  widths.forEach((width, i) => {
    const up = b.node("MatMul", [x, b.weight(`layers.${i}.up`, [16, width], 0.1)], {}, { name: `/layers.${i}/up/MatMul`, outputs: [`up${i}`] });
    const act = b.node("Sigmoid", [up], {}, { name: `/layers.${i}/act/Sigmoid`, outputs: [`act${i}`] });
    x = b.node("MatMul", [act, b.weight(`layers.${i}.down`, [width, 16], 0.1)], {}, { name: `/layers.${i}/down/MatMul`, outputs: [`h${i}`] });
  });
  b.output(x, "f32", ["N", 16]);
  return builtModel(b);
}

function sendsOf(model: ModelGraph, stages: number): readonly (readonly string[])[] {
  const inferred = inferShapes(model);
  return cutSoundly(model, chooseCuts(model, inferred, stages) ?? [], inferred).stages.map((stage) => stage.sends);
}

describe("chooseCuts", () => {
  it("cuts between blocks, evenly", () => {
    expect(sendsOf(layers([32, 32, 32, 32, 32, 32]), 3)).toEqual([["h1"], ["h3"], ["h5"]]);
  });

  it("weighs blocks by what they cost", () => {
    expect(sendsOf(layers([96, 32, 32, 32]), 2)).toEqual([["h0"], ["h3"]]);
    expect(sendsOf(layers([32, 32, 32, 96]), 2)).toEqual([["h2"], ["h3"]]);
  });

  it("cuts inside blocks only where there are too few", () => {
    expect(sendsOf(layers([32, 32]), 2)).toEqual([["h0"], ["h1"]]);
    expect(sendsOf(layers([32, 32]), 4)).toHaveLength(4);
  });

  it("one stage is the whole", () => {
    expect(sendsOf(layers([32, 32]), 1)).toEqual([["h1"]]);
  });

  it("says how many stages there can be", () => {
    const model = layers([32, 32]);
    const inferred = inferShapes(model);
    expect(stagesMax(model, inferred)).toBe(6);
    expect(chooseCuts(model, inferred, 6)).toHaveLength(5);
    expect(chooseCuts(model, inferred, 7)).toBeUndefined();
  });

  it("is the same every time", () => {
    const names = () => chooseCuts(layers([32, 40, 24, 32, 48]), inferShapes(layers([32, 40, 24, 32, 48])), 3)?.map((cut) => [...cut].map((node) => node.name).sort());
    expect(names()).toEqual(names());
  });
});

it("block boundaries are nested and leave something on either side", () => {
  const model = layers([32, 32, 32]);
  const cuts = blockCuts(model, inferShapes(model));
  expect(cuts.map((cut) => cut.size)).toEqual([3, 6]);
});

it("a cut after a node or a value takes what it needs along", () => {
  const model = layers([32, 32, 32]);
  const inferred = inferShapes(model);
  const byNode = cutAfter(model, inferred, ["/layers.1/act/Sigmoid"], new Set());
  const byValue = cutAfter(model, inferred, ["act1"], new Set());
  if ("unknown" in byNode || "unknown" in byValue) throw new Error("the names exist");
  expect([...byNode].map((node) => node.name).sort()).toEqual(["/layers.0/act/Sigmoid", "/layers.0/down/MatMul", "/layers.0/up/MatMul", "/layers.1/act/Sigmoid", "/layers.1/up/MatMul"]);
  expect(new Set(byValue)).toEqual(new Set(byNode));
  expect(cutAfter(model, inferred, ["nowhere"], new Set())).toEqual({ unknown: "nowhere" });
});
