import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import type { ModelDraft, NodeDraft } from "../../../compiler/onnx/model-draft.ts";
import type { ModelGraph } from "../../../compiler/onnx/model-graph.ts";
import { decodeElements, readTensor } from "../../../compiler/onnx/read-tensor.ts";
import { ropeBytes, stridedRope } from "../../../compiler/onnx/rope.ts";
import { tensorRope, writeModel } from "../../../compiler/onnx/write-model.ts";
import { builtModel, readFile, readSound } from "../../support/onnx-models.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../../support/shared.ts";

/** A draft that changes nothing. */
function unchanged(base: ModelGraph): ModelDraft {
  const { graph } = base;
  const copy = <T>(value: T): { readonly kind: "copy"; readonly value: T } => ({ kind: "copy", value });
  return {
    base,
    graph: {
      nodes: graph.nodes.map((node) => ({ kind: "copy", node })),
      inputs: graph.inputs.map(copy),
      outputs: graph.outputs.map(copy),
      valueInfo: graph.valueInfo.map(copy),
      initializers: graph.initializers.map((tensor) => ({ kind: "copy", tensor })),
    },
  };
}

function perceptron() {
  const builder = createModelBuilder(17, 7);
  const x = builder.input("x", "f32", ["N", 4]);
  const hidden = builder.node("MatMul", [x, builder.weight("w", [4, 3], 0.5)]);
  const biased = builder.node("Add", [hidden, builder.floats("b", [3], [0.5, -1, 2])]);
  builder.node("Softmax", [biased], { axis: -1 }, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 3]);
  return builder;
}

async function run(bytes: Uint8Array, feeds: Readonly<Record<string, Tensor>>): Promise<InferenceSession.OnnxValueMapType> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  return session.run(feeds);
}

const feeds = { x: new Tensor("float32", Float32Array.from([1, 2, 3, 4, -1, 0, 0.5, 2]), [2, 4]) };

describe("writeModel", () => {
  it("makes models that onnxruntime runs, from a description", async () => {
    const { y } = await run(ropeBytes(perceptron().build().model), feeds);
    const values = Array.from(y?.data as Float32Array);
    expect(y?.dims).toEqual([2, 3]);
    expect(values.slice(0, 3).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });

  it("gives equal weights for equal seeds, wherever reading starts", () => {
    const [a, b] = [builtModel(perceptron()), builtModel(perceptron())];
    const w = a.graph.initializers.find((tensor) => tensor.name === "w");
    if (!w) throw new Error("no w");
    expect(readTensor(a.files, w, 12)).toEqual(readTensor(b.files, w, 12));
    const rope = perceptron().draft().graph.initializers[0];
    const source = rope?.kind === "new" ? rope.data.pieces[0] : undefined;
    if (!source || source instanceof Uint8Array) throw new Error("seeded weights should be a range");
    expect(source.source.read(10, 13)).toEqual(source.source.read(0, 48).slice(10, 23));
  });

  it("copies a model unchanged, unknown fields included", () => {
    const bytes = ropeBytes(perceptron().build().model);
    // Field 1000 of the model, and of nothing we know.
    const withUnknown = Uint8Array.from([...bytes, 0xc2, 0x3e, 3, 1, 2, 3]);
    const model = readSound("m", withUnknown);
    expect(ropeBytes(writeModel(unchanged(model)).model)).toEqual(withUnknown);
  });

  it("edits a node and keeps the rest of it", async () => {
    const model = builtModel(perceptron());
    const draft = unchanged(model);
    const nodes = draft.graph.nodes.map((node): NodeDraft =>
      node.kind === "copy" && node.node.op === "Softmax"
        ? { kind: "edit", node: node.node, name: "soft", attributes: { axis: { kind: "int", value: 0 } } }
        : node,
    );
    const bytes = ropeBytes(writeModel({ ...draft, graph: { ...draft.graph, nodes } }).model);
    const edited = readSound("m", bytes).graph.nodes.find((node) => node.op === "Softmax");
    expect(edited?.name).toBe("soft");
    expect([...(edited?.attributes ?? [])]).toEqual([["axis", { kind: "int", value: 0 }]]);
    const { y } = await run(bytes, feeds);
    const values = Array.from(y?.data as Float32Array);
    expect((values[0] ?? 0) + (values[3] ?? 0)).toBeCloseTo(1, 5);
  });

  it("moves large weights out to a page of the external file, and back in", () => {
    const inline = builtModel(perceptron());
    const out = writeModel(unchanged(inline), { external: { location: "w.bin", bytesMin: 40 } });
    const moved = readSound("m", ropeBytes(out.model), new Map([["w.bin", ropeBytes(out.external)]]));
    const w = moved.graph.initializers.find((tensor) => tensor.name === "w");
    expect(w?.data).toEqual({ kind: "external", location: "w.bin", offset: 0, length: 48 });
    expect(moved.graph.initializers.find((tensor) => tensor.name === "b")?.data.kind).toBe("raw");
    const back = readSound("m", ropeBytes(writeModel(unchanged(moved)).model));
    for (const [i, tensor] of inline.graph.initializers.entries()) {
      const again = back.graph.initializers[i];
      expect(again && readTensor(back.files, again, 100)).toEqual(readTensor(inline.files, tensor, 100));
    }
  });

  it("cuts columns of a weight without loading it", () => {
    const model = builtModel(perceptron());
    const w = model.graph.initializers.find((tensor) => tensor.name === "w");
    const [piece] = (w && tensorRope(model, w)?.pieces) ?? [];
    if (!w || !piece || piece instanceof Uint8Array) throw new Error("w should be a range of the file");
    // The last two of three columns of four rows.
    const columns = ropeBytes(stridedRope(piece.source, piece.offset + 4, 8, 4, 12));
    const whole = decodeElements("f32", ropeBytes({ length: 48, pieces: [piece] }), 12);
    const cut = decodeElements("f32", columns, 8);
    if (whole?.kind !== "numbers" || cut?.kind !== "numbers") throw new Error("f32 decodes to numbers");
    expect(cut.values).toEqual(whole.values.filter((_, i) => i % 3 !== 0));
  });

  it("refuses a model file of 2 GiB", () => {
    const builder = createModelBuilder(17);
    builder.output(builder.node("Neg", [builder.weight("w", [2 ** 29], 1)]), "f32", [2 ** 29]);
    expect(() => builder.build()).toThrow(/external data/);
    const out = builder.build({ external: { location: "w.bin", bytesMin: 1024 } });
    expect([out.model.length < 300, out.external.length]).toEqual([true, 2 ** 31]);
  });
});

describeWithShared("writeModel on exported models", "models", () => {
  it.each(sharedFolders("models"))("copies %s byte for byte", (name) => {
    const path = sharedPath("models", name, "model.onnx");
    expect(Buffer.compare(ropeBytes(writeModel(unchanged(readFile(path))).model), readFileSync(path))).toBe(0);
  });
});

describeWithShared("writeModel on the conformance cases", "conformance/onnx-node", () => {
  it("copies every case byte for byte", () => {
    const changed = sharedFolders("conformance/onnx-node").filter((name) => {
      const path = sharedPath("conformance/onnx-node", name, "model.onnx");
      return Buffer.compare(ropeBytes(writeModel(unchanged(readFile(path))).model), readFileSync(path)) !== 0;
    });
    expect(changed).toEqual([]);
  });
});
