/** What a program learns of a model under the input shapes that it declares: output shapes, and the memory of a call. */
import { describe, expect, it } from "vitest";
import { loadCatalog } from "../../../compiler/models/load-catalog.ts";
import { modelSignature } from "../../../compiler/models/model-signature.ts";
import { modelUnderInputs } from "../../../compiler/models/model-under-inputs.ts";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import type { ModelGraph } from "../../../compiler/onnx/model-graph.ts";
import { compile } from "../../../compiler/pipeline.ts";
import type { Compilation } from "../../../compiler/pipeline.ts";
import { dimName, dimOf } from "../../../language/tensor/dim.ts";
import { printDim, printShape } from "../../../language/tensor/print-dim.ts";
import { builtModel } from "../../support/onnx-models.ts";

/** Embeds ids and doubles them along the first free axis; the file's own names for its dimensions differ on purpose. */
function doubler(): ModelGraph {
  const b = createModelBuilder(17);
  const x = b.node("Gather", [b.weight("words", [100, 8], 1), b.input("ids", "i64", ["T", "length"])], {}, { name: "embed" });
  b.node("Concat", [x, x], { axis: { kind: "int", value: 1n } }, { outputs: ["y"] });
  b.output("y", "f32", ["T", "invented", 8]);
  return builtModel(b);
}

describe("a model under declared inputs", () => {
  const inputs = new Map([["ids", [dimName("N"), dimName("T")]]]);

  it("has outputs in the program's names, not the file's", () => {
    expect([...modelUnderInputs(doubler(), inputs).outputs].map(([name, shape]) => `${name}: ${printShape(shape)}`)).toEqual(["y: [N, 2*T, 8]"]);
  });

  it("needs memory in the program's names", () => {
    // The gathered values and the result of twice their size.
    const { activationBytes } = modelUnderInputs(doubler(), inputs);
    expect(activationBytes && printDim(activationBytes)).toBe("96*N*T");
  });

  it("has no bound where data decides", () => {
    const b = createModelBuilder(17);
    b.node("NonZero", [b.input("x", "f32", ["n", 4])], {}, { outputs: ["at"] });
    b.output("at", "i64", [2, "found"]);
    expect(modelUnderInputs(builtModel(b), new Map([["x", [dimName("N"), dimOf(4)]]])).activationBytes).toBeUndefined();
  });

  it("has no bound where an operator is unknown", () => {
    const b = createModelBuilder(17);
    b.node("Mystery", [b.input("x", "f32", ["n", 4])], {}, { outputs: ["y"] });
    b.output("y", "f32", ["n", 4]);
    const { outputs, activationBytes } = modelUnderInputs(builtModel(b), new Map([["x", [dimName("N"), dimOf(4)]]]));
    expect([outputs.size, activationBytes]).toEqual([0, undefined]);
  });
});

describe("a program over a model", () => {
  function compileWith(output: string): Compilation {
    const model = doubler();
    const under = (inputs: Parameters<typeof modelUnderInputs>[1]) => modelUnderInputs(model, inputs);
    const catalog = loadCatalog(() => ({
      ok: true, signature: { ...modelSignature(model), inferOutputs: (inputs) => under(inputs).outputs, activationBytes: (inputs) => under(inputs).activationBytes },
    }));
    const text = `edition 1
record Line { id: string, ids: tensor<i64>[20] }
model double(ids: tensor<i64>[N, T]) -> (y: ${output}) where T <= 64 { file: "double.onnx", pad: { T: { multiple: 16, ids: 0 } } }
pipeline p {
  let lines = read jsonl("lines.jsonl") as Line
  let vectors = lines |> { .id, ..double(.ids) } with { batch: 4 }
  write vectors to jsonl("out")
}
`;
    return compile({ file: "main.pipe", text, loadFile: () => undefined, catalog, buildParams: {}, toMain: "", toCwd: "" }, "plan");
  }

  it("checks no batch for what inference proves", () => {
    const { checked, diagnostics } = compileWith("tensor<f32>[N, 2 * T, 8]");
    expect(diagnostics).toEqual([]);
    expect(checked?.models[0]?.outputs[0]?.checkedAtRun).toBe(false);
  });

  it("is told what the model gives instead of what it declares", () => {
    const { diagnostics } = compileWith("tensor<f32>[N, 2 * T + 1, 8]");
    expect(diagnostics.map((found) => found.message)).toEqual(["axis 1 of output `y` is declared `2*T + 1`, and the model gives `2*T`"]);
  });

  it("is planned with the memory of its longest rows, padded", () => {
    // 4 rows of 20 ids, padded to 32.
    const { plan } = compileWith("tensor<f32>[N, 2 * T, 8]");
    expect(plan?.pipelines[0]?.stages.flatMap((stage) => stage.models ?? [])[0]?.activationBytes).toBe(96 * 4 * 32);
  });
});
