import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createModelBuilder, type ModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { bytesModel, type ModelFiles } from "../../../compiler/onnx/byte-source.ts";
import { maximum } from "../../../compiler/onnx/cost/liveness.ts";
import { computeCost, type ModelCost } from "../../../compiler/onnx/cost/model-cost.ts";
import { inferShapes } from "../../../compiler/onnx/infer/infer-shapes.ts";
import type { ModelDraft, NewNode } from "../../../compiler/onnx/model-draft.ts";
import type { ModelGraph } from "../../../compiler/onnx/model-graph.ts";
import { readModel } from "../../../compiler/onnx/read-model.ts";
import { ropeBytes, zerosRope } from "../../../compiler/onnx/rope.ts";
import { writeModel } from "../../../compiler/onnx/write-model.ts";
import { addDims, dimName, dimNumber, dimOf, mulDims, type Dim } from "../../../language/tensor/dim.ts";
import { printDim } from "../../../language/tensor/print-dim.ts";
import { bertBase, resnet50, vitBase } from "../../support/architectures.ts";
import { builtModel, readFile, readSound } from "../../support/onnx-models.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../../support/shared.ts";

function costOf(model: ModelGraph, bindings: Readonly<Record<string, number>> = {}): ModelCost {
  return computeCost(model, inferShapes(model, { bindings: new Map(Object.entries(bindings)) }));
}

/** The model of a builder whose weights stay outside: nothing of them is made. */
function skeleton(builder: ModelBuilder): ModelGraph {
  const { model, external } = builder.build({ external: { location: "w.bin", bytesMin: 1024 } });
  const files: ModelFiles = { ...bytesModel("m", ropeBytes(model)), openExternal: () => ({ size: external.length, read: () => expect.unreachable("weights were read") }) };
  const read = readModel(files);
  if (!read.model) throw new Error(read.diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  return read.model;
}

const matrixOps = new Set(["MatMul", "Gemm", "Conv"]);

function matrixMultiplyAdds(cost: ModelCost): number {
  return cost.nodes.filter(({ node }) => matrixOps.has(node.op)).reduce((sum, { flops }) => sum + (dimNumber(flops) ?? Number.NaN), 0) / 2;
}

describe("matrix multiply-adds of known architectures, to 1 %", () => {
  it.each([
    ["ResNet-50", resnet50, { batch: 1 }, 4.089e9],
    ["ViT-B/16", vitBase, { batch: 1 }, 17.56e9],
    ["BERT-base at 128 tokens", bertBase, { batch: 1, sequence: 128 }, 11.17e9],
  ])("%s", (_, build, bindings, expected) => {
    expect(matrixMultiplyAdds(costOf(skeleton(build()), bindings)) / expected).toBeCloseTo(1, 2);
  });

  it("are the same in symbolic dimensions", () => {
    const { totals } = costOf(skeleton(bertBase()));
    expect(printDim(totals.flops)).toMatch(/^\d+\*batch\*sequence\*sequence \+ \d+\*batch\*sequence$/);
    expect(totals.params).toBe(85_054_464 + 30522 * 768 + 1);
  });
});

it("counts weights that an exporter wrote as Constant nodes, not the settings of operators", () => {
  const b = createModelBuilder(17);
  const constant = (dims: readonly number[]): string => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return b.node("Constant", [], { value: { kind: "tensor", value: { kind: "new", name: "", dtype: "f32", dims, data: zerosRope(4 * count) } } });
  };
  const product = b.node("MatMul", [b.input("x", "f32", ["n", 4]), constant([4, 3])]);
  b.node("Mul", [product, constant([])], {}, { outputs: ["y"] });
  b.output("y", "f32", ["n", 3]);
  const { totals } = costOf(builtModel(b));
  expect([totals.params, totals.weightBytes]).toEqual([12, 52]);
});

/** The cost of the node that makes `y`. */
function nodeCost(build: (b: ModelBuilder) => void): { readonly flops: string; readonly read: string; readonly written: string } {
  const b = createModelBuilder(new Map([["", 17], ["com.microsoft", 1]]));
  build(b);
  const cost = costOf(builtModel(b)).nodes.find(({ node }) => node.outputs.includes("y"));
  if (!cost) throw new Error("nothing makes y");
  return { flops: printDim(cost.flops), read: printDim(cost.bytesRead), written: printDim(cost.bytesWritten) };
}

const toY = { outputs: ["y"] };

describe("cost of a node", () => {
  it("of Gemm, with the bias", () => {
    expect(nodeCost((b) => {
      b.output(b.node("Gemm", [b.input("x", "f32", ["N", 10]), b.weight("w", [10, 3], 1), b.floats("c", [3], [1, 2, 3])], {}, toY), "f32", ["N", 3]);
    })).toEqual({ flops: "63*N", read: "40*N + 132", written: "12*N" });
  });

  it("of a grouped convolution", () => {
    expect(nodeCost((b) => {
      b.output(b.node("Conv", [b.input("x", "f32", [1, 8, 6, 6]), b.weight("w", [16, 2, 3, 3], 1)], { group: 4 }, toY), "f32", [1, 16, 4, 4]);
    })).toMatchObject({ flops: String(2 * 16 * 4 * 4 * 2 * 3 * 3) });
  });

  it("of an embedding: the rows taken, not the table", () => {
    expect(nodeCost((b) => {
      b.output(b.node("Gather", [b.weight("w", [1000, 64], 1), b.input("ids", "i64", ["T"])], {}, toY), "f32", ["T", 64]);
    })).toEqual({ flops: "0", read: "264*T", written: "256*T" });
  });

  it("of a view: nothing", () => {
    expect(nodeCost((b) => {
      b.output(b.node("Reshape", [b.input("x", "f32", ["N", 6]), b.ints("s", [3], [0, 2, 3])], {}, toY), "f32", ["N", 2, 3]);
    })).toEqual({ flops: "0", read: "0", written: "0" });
  });

  it("of what follows from constants alone: nothing, as it is computed at load", () => {
    expect(nodeCost((b) => {
      b.node("Transpose", [b.weight("w", [10, 3], 1)], {}, toY);
      b.output(b.node("MatMul", [b.input("x", "f32", ["N", 3]), "y"]), "f32", ["N", 10]);
    })).toEqual({ flops: "0", read: "0", written: "0" });
  });

  it("of an unknown operator: the bytes it moves, and a diagnostic", () => {
    const b = createModelBuilder(new Map([["", 17], ["my.own", 1]]));
    b.output(b.node("Mystery", [b.input("x", "f32", [4])], {}, { domain: "my.own" }), "f32", [4]);
    const model = builtModel(b);
    const cost = costOf(model);
    expect(cost.diagnostics.map((d) => d.code)).toEqual(["P1014"]);
    expect(printDim(cost.totals.bytes)).toBe("32");
  });

  it("of a loop: its body per iteration, under a name where only data tells how many", () => {
    const body = (nodes: readonly NewNode[]): ModelDraft["graph"] => ({
      name: "body", nodes, initializers: [],
      inputs: [{ kind: "new", name: "i", dtype: "i64", dims: [] }, { kind: "new", name: "c", dtype: "bool", dims: [] }, { kind: "new", name: "a", dtype: "f32", dims: [8] }],
      outputs: [{ kind: "new", name: "c2", dtype: "bool", dims: [] }, { kind: "new", name: "a2", dtype: "f32", dims: [8] }],
    });
    const nodes: readonly NewNode[] = [
      { kind: "new", op: "Identity", inputs: ["c"], outputs: ["c2"] },
      { kind: "new", op: "Exp", inputs: ["a"], outputs: ["a2"] },
    ];
    const build = (fixed: boolean): ModelGraph => {
      const b = createModelBuilder(17);
      const trips = fixed ? b.ints("n", [], [5]) : b.input("n", "i64", []);
      b.node("Loop", [trips, "", b.input("x", "f32", [8])], { body: { kind: "graph", value: body(nodes) } }, { name: "loop", outputs: ["y"] });
      b.output("y", "f32", [8]);
      return builtModel(b);
    };
    expect(printDim(costOf(build(true)).totals.flops)).toBe("40");
    expect(printDim(costOf(build(false)).totals.flops)).toBe('8*"iterations(loop)"');
  });
});

/** Peak of a chain built from x[100]: f32, so 400 bytes a value. */
function peakOf(build: (b: ModelBuilder, x: string) => string): number | undefined {
  const b = createModelBuilder(17);
  b.output(build(b, b.input("x", "f32", [100])), "f32", [100]);
  return dimNumber(costOf(builtModel(b)).totals.peakActivationBytes);
}

describe("peak activation", () => {
  it("leaves inputs out and counts outputs", () => {
    expect(peakOf((b, x) => b.node("Exp", [x]))).toBe(400);
  });

  it("counts producer and consumer together, then frees the first", () => {
    expect(peakOf((b, x) => b.node("Exp", [b.node("Exp", [b.node("Exp", [x])])]))).toBe(800);
  });

  it("counts a buffer that an in-place kernel takes over once", () => {
    expect(peakOf((b, x) => b.node("Relu", [b.node("Relu", [b.node("Exp", [x])])]))).toBe(400);
  });

  it("does not take over a buffer that is used again", () => {
    expect(peakOf((b, x) => {
      const e = b.node("Exp", [x]);
      return b.node("Add", [b.node("Relu", [e]), e]);
    })).toBe(1200);
  });

  it("counts views with what they view", () => {
    expect(peakOf((b, x) => {
      const e = b.node("Exp", [x]);
      const view = b.node("Reshape", [e, b.ints("s", [2], [10, 10])]);
      return b.node("Flatten", [view], { axis: 0 });
    })).toBe(400);
  });

  it("adds the workspace of the kernel that runs", () => {
    expect(peakOf((b, x) => b.node("Where", [b.tensor("c", "bool", [100], new Uint8Array(100)), x, x]))).toBe(1200);
  });

  it("is a maximum of expressions in which dominated ones are left out", () => {
    const [n, m] = [dimName("n"), dimName("m")];
    const twice = (dim: Dim): Dim => mulDims(dimOf(2), dim);
    expect(printDim(maximum([n, twice(n), addDims(n, dimOf(1)), m, addDims(twice(n), dimOf(-1))]))).toBe("max(2*n, m)");
  });
});

describeWithShared("cost of exported models", "models", () => {
  const manifest: { readonly models: readonly { readonly dir: string; readonly params: number; readonly initializer_bytes: number }[] } =
    sharedFolders("models").length > 0 ? JSON.parse(readFileSync(sharedPath("models", "manifest.json"), "utf8")) : { models: [] };

  it.each(manifest.models.map((entry) => [entry.dir, entry] as const))("%s: weights as its exporter counted them", (dir, entry) => {
    const { totals, weightBytes } = costOf(readFile(sharedPath("models", dir, "model.onnx")));
    const initializers = [...weightBytes.values()].reduce((a, b) => a + b, 0);
    expect(initializers).toBe(totals.weightBytes);
    // Constants of the graph are weights here and not in the manifest; folded batch norms and merged or copied tensors differ a little.
    expect(Math.abs(totals.weightBytes / entry.initializer_bytes - 1)).toBeLessThan(0.01);
  });

  it("does not depend on the order of nodes in the file", () => {
    const model = readFile(sharedPath("models", "resnet-torchscript", "model.onnx"));
    const { graph } = model;
    const draft: ModelDraft = {
      base: model,
      graph: {
        nodes: [...graph.nodes].reverse().map((node) => ({ kind: "copy", node })),
        inputs: graph.inputs.map((value) => ({ kind: "copy", value })),
        outputs: graph.outputs.map((value) => ({ kind: "copy", value })),
        initializers: graph.initializers.map((tensor) => ({ kind: "copy", tensor })),
      },
    };
    const reversed = costOf(readSound("r", ropeBytes(writeModel(draft).model)));
    expect(printDim(reversed.totals.flops)).toBe(printDim(costOf(model).totals.flops));
  });
});
