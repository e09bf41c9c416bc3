import { describe, expect, it } from "vitest";
import { bytesModel } from "../../../compiler/onnx/byte-source.ts";
import { inspectTfjs } from "../../../compiler/onnx/tfjs/inspect-tfjs.ts";
import type { Inspection } from "../../../compiler/onnx/inspect/inspection.ts";

function inspect(json: unknown, files: Readonly<Record<string, number>> = {}): Inspection {
  const bytes = new TextEncoder().encode(typeof json === "string" ? json : JSON.stringify(json));
  return inspectTfjs(bytesModel("model.json", bytes, new Map(Object.entries(files).map(([name, size]) => [name, new Uint8Array(size)]))));
}

const weightsManifest = [{
  paths: ["a.bin", "b.bin"],
  weights: [
    { name: "w", shape: [4, 3], dtype: "float32" },
    { name: "q", shape: [10], dtype: "float32", quantization: { dtype: "uint8", min: 0, scale: 0.1 } },
  ],
}];

const graphModel = {
  format: "graph-model",
  convertedBy: "TensorFlow.js Converter v4",
  signature: {
    inputs: { x: { name: "x:0", dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "-1" }, { size: "4" }] } } },
    outputs: { y: { name: "Softmax:0", dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "-1" }, { size: "3" }] } } },
  },
  modelTopology: {
    node: [
      { name: "x", op: "Placeholder", attr: { dtype: { type: "DT_FLOAT" }, shape: { shape: { dim: [{ size: "-1" }, { size: "4" }] } } } },
      { name: "w", op: "Const" },
      { name: "MatMul", op: "MatMul", input: ["x", "w", "^x"] },
      { name: "Softmax", op: "Softmax", input: ["MatMul:0"] },
    ],
  },
  weightsManifest,
};

describe("TensorFlow.js graph models", () => {
  it("give signature, operators and weights", () => {
    const found = inspect(graphModel, { "a.bin": 48, "b.bin": 10 });
    expect(found.inputs).toEqual([{ name: "x", dtype: "f32", shape: ["?", 4] }]);
    expect(found.outputs).toEqual([{ name: "y", dtype: "f32", shape: ["?", 3] }]);
    expect(found.nodes.map((node) => node.op)).toEqual(["Placeholder", "Const", "MatMul", "Softmax"]);
    expect(found.edges).toEqual([[0, 2], [1, 2], [2, 3]]);
    expect(found.totals).toEqual({ params: 22, weightBytes: 58, flops: null, peakActivationBytes: null });
    expect(found.diagnostics.map((d) => d.code)).toEqual(["P1017"]);
  });

  it("without a signature take placeholders and what nothing uses", () => {
    const { signature: _, ...rest } = graphModel;
    const found = inspect(rest, { "a.bin": 48, "b.bin": 10 });
    expect(found.inputs).toEqual([{ name: "x", dtype: "f32", shape: ["?", 4] }]);
    expect(found.outputs.map((port) => port.name)).toEqual(["Softmax"]);
  });
});

describe("TensorFlow.js layers models", () => {
  const dense = (name: string, units: number, inbound: string) => ({ class_name: "Dense", name, config: { name, units, dtype: "float32" }, inbound_nodes: [[[inbound, 0, 0, {}]]] });

  it("are read as functional models", () => {
    const found = inspect({
      format: "layers-model",
      modelTopology: { keras_version: "2.4", model_config: { class_name: "Functional", config: {
        layers: [{ class_name: "InputLayer", name: "in", config: { name: "in", batch_input_shape: [null, 4], dtype: "float32" }, inbound_nodes: [] }, dense("d1", 8, "in"), dense("d2", 3, "d1")],
        input_layers: [["in", 0, 0]], output_layers: [["d2", 0, 0]],
      } } },
      weightsManifest: [],
    });
    expect(found.inputs).toEqual([{ name: "in", dtype: "f32", shape: ["?", 4] }]);
    expect(found.outputs).toEqual([{ name: "d2", dtype: "f32", shape: ["?", 3] }]);
    expect(found.edges).toEqual([[0, 1], [1, 2]]);
  });

  it("are read as sequential models", () => {
    const found = inspect({
      modelTopology: { class_name: "Sequential", config: [
        { class_name: "Flatten", config: { name: "f", batch_input_shape: [null, 28, 28], dtype: "float32" } },
        { class_name: "Dense", config: { name: "d", units: 10 } },
      ] },
      weightsManifest: [],
    });
    expect(found.inputs).toEqual([{ name: "f", dtype: "f32", shape: ["?", 28, 28] }]);
    expect(found.outputs).toEqual([{ name: "d", dtype: "f32", shape: ["?", 10] }]);
  });
});

describe("broken TensorFlow.js models", () => {
  it.each([["no JSON", "{"], ["null", null], ["a list", []], ["no topology", { weightsManifest }], ["no nodes", { modelTopology: {} }],
    ["a bad shape", { ...graphModel, weightsManifest: [{ weights: [{ name: "w", shape: [-1], dtype: "float32" }] }] }],
    ["a bad dtype", { ...graphModel, weightsManifest: [{ weights: [{ name: "w", shape: [1], dtype: "what" }] }] }],
  ])("%s", (_, json) => {
    expect(inspect(json).diagnostics.map((d) => d.code)).toEqual(["P1015"]);
  });

  it("say which weights are missing or short", () => {
    expect(inspect(graphModel, { "a.bin": 48 }).diagnostics.map((d) => `${d.code}: ${d.message}`)[1]).toMatch(/^P1016: .*no file "b.bin"/);
    expect(inspect(graphModel, { "a.bin": 48, "b.bin": 9 }).diagnostics.map((d) => d.message)[1]).toMatch(/58 bytes are described and the files have 57/);
  });
});
