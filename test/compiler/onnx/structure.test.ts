import { describe, expect, it } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import type { Graph } from "../../../compiler/onnx/model-graph.ts";
import { findStructure } from "../../../compiler/onnx/structure.ts";
import { deepEncoder, resnet50 } from "../../support/architectures.ts";
import { builtModel, readFile } from "../../support/onnx-models.ts";
import { describeWithShared, sharedPath } from "../../support/shared.ts";

/** "stem:3 block 0:29 …": blocks with the number of their nodes, constants left out. */
function summary(graph: Graph): string {
  const { blocks, blockOf } = findStructure(graph);
  const count = (name: string): number => graph.nodes.filter((node) => node.op !== "Constant" && blockOf.get(node) === name).length;
  return blocks.map((name) => `${name}:${count(name)}`).join(" ");
}

/** The graph with every name that could tell something taken away. */
function nameless(graph: Graph): Graph {
  const names = new Map<string, string>();
  const rename = (name: string): string => {
    if (name === "") return "";
    if (!names.has(name)) names.set(name, `v${names.size}`);
    return names.get(name) ?? "";
  };
  return {
    ...graph,
    initializers: graph.initializers.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
    nodes: graph.nodes.map((node) => ({ ...node, name: "", metadata: new Map(), inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })),
  };
}

describe("findStructure", () => {
  it("finds repeated layers where names tell nothing", () => {
    expect(summary(nameless(builtModel(deepEncoder(29 * 4)).graph))).toBe("block 0:29 block 1:29 block 2:29 block 3:29");
  });

  it("finds a first layer that lacks a node, and the last one with it", () => {
    const b = createModelBuilder(17);
    let x = b.input("x", "f32", ["n", 8]);
    const weight = (name: string): string => b.weight(name, [8, 8], 1);
    for (let i = 0; i < 5; i++) {
      const q = b.node("MatMul", [x, weight(`q${i}`)]);
      const k = b.node("MatMul", [i === 0 ? x : b.node("Abs", [x]), weight(`k${i}`)]);
      const mixed = b.node("Tanh", [b.node("Add", [b.node("Mul", [q, k]), x])]);
      x = b.node("Tanh", [b.node("Add", [b.node("MatMul", [b.node("Relu", [b.node("MatMul", [mixed, weight(`up${i}`)])]), weight(`down${i}`)]), mixed])]);
    }
    b.output(x, "f32", ["n", 8]);
    expect(summary(nameless(builtModel(b).graph))).toBe("block 0:10 block 1:11 block 2:11 block 3:11 block 4:11");
  });

  it("takes the exporter's names, stated or left in the weights", () => {
    expect(summary(builtModel(deepEncoder(29 * 3)).graph)).toBe("layer.0:29 layer.1:29 layer.2:29");
  });

  it("finds the residual blocks of each stage", () => {
    const blocks = summary(nameless(builtModel(resnet50()).graph));
    expect(blocks.match(/block \d+:7/g)).toHaveLength(12);
  });

  it("does not take differently wired stretches for repetitions", () => {
    const b = createModelBuilder(17);
    let x = b.input("x", "f32", [4]);
    const first = x;
    for (const [i, op] of ["Exp", "Neg", "Abs", "Sin", "Exp", "Neg", "Abs", "Sin"].entries()) x = b.node(op, [i === 6 ? first : x], {}, { name: `n${i}` });
    b.output(x, "f32", [4]);
    expect(summary(builtModel(b).graph)).toBe("all:8");
  });

  it("gives every node a block, also constants", () => {
    const { graph } = builtModel(deepEncoder(60));
    const { blockOf } = findStructure(graph);
    expect(graph.nodes.every((node) => (blockOf.get(node) ?? "") !== "")).toBe(true);
  });
});

describeWithShared("structure of exported models", "models", () => {
  it.each([
    ["bert-torchscript", "encoder.layer.0 encoder.layer.1 encoder.layer.2 encoder.layer.3"],
    ["bert-dynamo", "encoder.layer.0 encoder.layer.1 encoder.layer.2 encoder.layer.3"],
    ["vit-dynamo", "model.layers.0 model.layers.1 model.layers.2 model.layers.3"],
    ["gpt2-torchscript", "transformer.h.0 transformer.h.1 transformer.h.2 transformer.h.3"],
    ["resnet-dynamo", "layer1.0 layer2.0 layer2.1 layer3.0 layer3.1 layer4.0"],
    ["resnet-torchscript", "layer1.0 layer2.0 layer2.1 layer3.0 layer3.1 layer4.0"],
    // ALBERT's layers are one module called again and again: only repetition shows them.
    ["albert-torchscript", "block 0 block 1 block 2 block 3"],
  ])("%s", (name, expected) => {
    const { blocks } = findStructure(readFile(sharedPath("models", name, "model.onnx")).graph);
    expect(blocks.filter((block) => !["stem", "head", "shared"].includes(block)).join(" ")).toBe(expected);
  });

  it("names and repetition agree on what a layer is", () => {
    const { graph } = readFile(sharedPath("models", "vit-torchscript", "model.onnx"));
    expect(summary(nameless(graph)).replace(/block /g, "model.layers.")).toBe(summary(graph));
  });
});
