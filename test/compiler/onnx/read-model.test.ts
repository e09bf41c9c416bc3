import { describe, expect, it } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { bytesModel } from "../../../compiler/onnx/byte-source.ts";
import { bodyField, floatField, messageField, textField, varintField } from "../../../compiler/onnx/encode.ts";
import { readModel } from "../../../compiler/onnx/read-model.ts";
import { readSignature } from "../../../compiler/onnx/read-signature.ts";
import { readTensor, type TensorValues } from "../../../compiler/onnx/read-tensor.ts";
import { bytesRope, joinRopes, ropeBytes, type Rope } from "../../../compiler/onnx/rope.ts";
import { builtModel, readSound } from "../../support/onnx-models.ts";

/** A model of one initializer, put together field by field. */
function oneTensor(...fields: readonly Rope[]): TensorValues | undefined {
  const tensor = messageField(5, [textField(8, "t"), ...fields]);
  const output = messageField(12, [textField(1, "t")]);
  const model = readSound("m", ropeBytes(joinRopes([varintField(1, 8), bodyField(7, joinRopes([tensor, output]))])));
  const [ref] = model.graph.initializers;
  return ref && readTensor(model.files, ref, 100);
}

describe("readTensor", () => {
  it("reads typed fields, packed or not", () => {
    expect(oneTensor(varintField(1, 2), varintField(2, 1), floatField(4, 1.5), floatField(4, -2))).toEqual({ kind: "numbers", values: [1.5, -2] });
    const packed = bodyField(7, bytesRope(Uint8Array.from([5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1])));
    expect(oneTensor(varintField(1, 2), varintField(2, 7), packed)).toEqual({ kind: "bigints", values: [5n, -1n] });
    expect(oneTensor(varintField(1, 2), varintField(2, 3), varintField(5, -3), varintField(5, 4))).toEqual({ kind: "numbers", values: [-3, 4] });
    expect(oneTensor(varintField(1, 2), varintField(2, 9), varintField(5, 1), varintField(5, 0))).toEqual({ kind: "numbers", values: [1, 0] });
  });

  it("reads half, bfloat16, 4-bit and strings", () => {
    const raw = (dims: number, type: number, ...bytes: readonly number[]) => oneTensor(varintField(1, dims), varintField(2, type), bodyField(9, bytesRope(Uint8Array.from(bytes))));
    expect(raw(3, 10, 0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc)).toEqual({ kind: "numbers", values: [1, 2 ** -24, Number.NEGATIVE_INFINITY] });
    expect(raw(1, 16, 0x80, 0xbf)).toEqual({ kind: "numbers", values: [-1] });
    expect(raw(3, 22, 0xf7, 0x08)).toEqual({ kind: "numbers", values: [7, -1, -8] });
    expect(oneTensor(varintField(1, 2), varintField(2, 8), textField(6, "a"), textField(6, "ü"))).toEqual({ kind: "strings", values: ["a", "ü"] });
  });

  it("does not read more than asked for", () => {
    const b = createModelBuilder(17);
    b.output(b.node("Neg", [b.weight("w", [100], 1)]), "f32", [100]);
    const model = builtModel(b);
    const [w] = model.graph.initializers;
    expect(w && readTensor(model.files, w, 99)).toBeUndefined();
    expect(w && readTensor(model.files, w, 100)?.values.length).toBe(100);
  });
});

describe("readModel", () => {
  it("reads every kind of attribute", () => {
    const b = createModelBuilder(new Map([["", 17], ["my", 1]]));
    b.output(b.node("Op", [b.input("x", "f32", [1])], {
      i: -7, f: { kind: "float", value: 0.5 }, s: "text", is: [1, -2], fs: { kind: "floats", value: [0.25, 4] }, ss: { kind: "strings", value: ["a", "b"] },
      t: { kind: "tensor", value: { kind: "new", name: "t", dtype: "u8", dims: [2], data: bytesRope(Uint8Array.of(3, 4)) } },
      g: { kind: "graph", value: { name: "inner", nodes: [{ kind: "new", op: "Neg", inputs: ["x"], outputs: ["y"] }], inputs: [], outputs: [{ kind: "new", name: "y", dtype: "f32", dims: [1] }], initializers: [] } },
    }, { domain: "my" }), "f32", [1]);
    const { graph, files } = builtModel(b);
    const attributes = graph.nodes[0]?.attributes ?? new Map();
    const plain = Object.fromEntries([...attributes].filter(([name]) => name !== "t" && name !== "g").map(([name, attribute]) => [name, attribute.value]));
    expect(plain).toEqual({ i: -7, f: 0.5, s: "text", is: [1, -2], fs: [0.25, 4], ss: ["a", "b"] });
    const [t, g] = [attributes.get("t"), attributes.get("g")];
    expect(t?.kind === "tensor" && readTensor(files, t.value, 2)).toEqual({ kind: "numbers", values: [3, 4] });
    expect(g?.kind === "graph" && g.value.nodes.map((node) => node.op)).toEqual(["Neg"]);
  });

  it("gives the signature without initializers that double as inputs", () => {
    const b = createModelBuilder(17);
    b.input("w", "f32", [3]);
    b.output(b.node("Add", [b.input("x", "f32", ["N", 3]), b.floats("w", [3], [1, 2, 3])], {}, { outputs: ["y"] }), "f32", ["N", 3]);
    const { inputs, outputs } = readSignature(builtModel(b));
    expect(inputs).toEqual([{ name: "x", type: { kind: "tensor", dtype: "f32", dims: ["N", 3] } }]);
    expect(outputs.map((port) => port.name)).toEqual(["y"]);
  });

  it("reads sequence, optional and map types", () => {
    const tensor = messageField(1, [varintField(1, 7), messageField(2, [messageField(1, [textField(2, "T")]), messageField(1, [])])]);
    const port = (name: string, type: Rope) => messageField(11, [textField(1, name), bodyField(2, type)]);
    const graph = joinRopes([
      port("s", messageField(4, [bodyField(1, tensor)])),
      port("o", messageField(9, [messageField(1, [messageField(4, [bodyField(1, tensor)])])])),
      port("m", messageField(5, [varintField(1, 8), bodyField(2, tensor)])),
    ]);
    const { model } = readModel(bytesModel("m", ropeBytes(joinRopes([varintField(1, 8), bodyField(7, graph)]))));
    const element = { kind: "tensor", dtype: "i64", dims: ["T", null] };
    expect(model?.graph.inputs.map((input) => input.type)).toEqual([
      { kind: "sequence", element },
      { kind: "optional", element: { kind: "sequence", element } },
      { kind: "map", key: "string", value: element },
    ]);
  });
});
