/** Models: batch axis, ports against the file, signatures taken from it, constants, padding. */
import { describe, expect, test } from "vitest";
import type { CheckedModel } from "../../../language/check/checked-program.ts";
import { printShape } from "../../../language/tensor/print-dim.ts";
import { checkedOf, codesOf } from "../../support/check-codes.ts";

function modelOf(text: string, ports: string): CheckedModel {
  const [model] = checkedOf(text, { "m.onnx": ports }).models;
  if (model === undefined) throw new Error("there is no model");
  return model;
}

const call = (fields: string, args: string): string => `\npipeline p {\n  let rows = read parquet("in") as { ${fields} }\n  write rows |> { ..m(${args}) } to parquet("out")\n}\n`;

describe("the batch axis", () => {
  test("stands anywhere and is left out of rows", () => {
    const model = modelOf("model m(a: tensor<f32>[2, N, 8], b: tensor<f32>[N]) -> (y: tensor<f32>[3, N]) { file: \"m.onnx\" }\n", "input a: f32[2, n, 8]\ninput b: f32[n]\noutput y: f32[3, n]\n");
    expect([...model.inputs, ...model.outputs].map((port) => [printShape(port.rowShape), port.batchAxis])).toEqual([["[2, 8]", 1], ["[]", 0], ["[3]", 1]]);
    expect(model.batched).toBe(true);
  });

  test("a fixed batch is `where N == 8`", () => {
    const text = "model m(a: tensor<f32>[N, 8]) -> (y: tensor<f32>[N]) where N == 8 { file: \"m.onnx\" }\n";
    expect(modelOf(text, "input a: f32[8, 8]\noutput y: f32[8]\n").fixedBatch).toBe(8);
    expect(codesOf(text, { "m.onnx": "input a: f32[4, 8]\noutput y: f32[4]\n" })).toEqual(["P0511", "P0511"]);
  });

  test("without it the model is called once per row", () => {
    const model = modelOf("model m(a: tensor<f32>[8]) -> (y: tensor<f32>[]) { file: \"m.onnx\" }\n", "input a: f32[8]\noutput y: f32[]\n");
    expect(model.batched).toBe(false);
  });

  test("outputs may lack it where there is one row in a batch", () => {
    const one = "model m(a: tensor<f32>[N, 8]) -> (y: tensor<f32>[K]) where N == 1 { file: \"m.onnx\" }\n";
    expect(codesOf(one, { "m.onnx": "input a: f32[1, 8]\noutput y: f32[k]\n" })).toEqual([]);
  });

  test("inputs that lack it take constants, params fixed at build among them", () => {
    const text = `param rate: int = 16000\nmodel m(a: tensor<f32>[N, 8], sr: tensor<i64>[]) -> (y: tensor<f32>[N]) { file: "m.onnx" }\n${call("a: tensor<f32>[8]", ".a, rate")}`;
    const program = checkedOf(text, { "m.onnx": "input a: f32[n, 8]\ninput sr: i64[]\noutput y: f32[n]\n" });
    expect(program.params.map(({ fixedAt }) => fixedAt)).toEqual(["build"]);
    expect(codesOf(text.replace(".a, rate", ".a, 16.5"), { "m.onnx": "input a: f32[n, 8]\ninput sr: i64[]\noutput y: f32[n]\n" })).toEqual(["P0306"]);
  });
});

describe("without a signature", () => {
  test("`N` is the symbol that axis 0 of all inputs shares", () => {
    const model = modelOf("model m { file: \"m.onnx\" }\n", "input a.b: f32[batch_size, seq-len, 3]\ninput c: i64[batch_size, ?]\noutput y: f32[batch_size, seq-len]\noutput z: f32[5]\n".replace("output z: f32[5]\n", ""));
    expect(model.inputs.map((port) => [port.name, port.port, printShape(port.rowShape), port.batchAxis])).toEqual([["a_b", "a.b", "[seq_len, 3]", 0], ["c", "c", "[D1]", 0]]);
    expect(model.outputs.map((port) => [printShape(port.rowShape), port.checkedAtRun])).toEqual([["[seq_len]", true]]);
  });

  test.each([
    ["input a: f32[1, 3]\noutput y: f32[1]\n"],
    ["input a: f32[b, 3]\ninput c: f32[3]\noutput y: f32[b]\n"],
    ["input a: f32\noutput y: f32[b]\n"],
    ["input a: f32[b, b]\noutput y: f32[b]\n"],
  ])("the signature must be written for %j", (ports) => {
    expect(codesOf("model m { file: \"m.onnx\" }\n", { "m.onnx": ports })).toEqual(["P0515"]);
  });

  test("calls are typed by it", () => {
    expect(codesOf(`model m { file: "m.onnx" }\n${call("a: tensor<f32>[3]", ".a")}`, { "m.onnx": "input a: f32[b, 3]\noutput y: f32[b, 9]\n" })).toEqual([]);
    expect(codesOf(`model m { file: "m.onnx" }\n${call("a: tensor<f32>[4]", ".a")}`, { "m.onnx": "input a: f32[b, 3]\noutput y: f32[b, 9]\n" })).toEqual(["P0401"]);
  });
});

describe("outputs", () => {
  const text = "model m(a: tensor<f32>[N, T]) -> (y: tensor<f32>[N, T, 4]) where T <= 9 { file: \"m.onnx\", pad: { T: { multiple: 4, a: 0 } } }\n";

  test("are checked on every batch unless inference proves them", () => {
    expect(modelOf(text, "input a: f32[b, t]\noutput y: f32[b, t, 4]\n").outputs[0]?.checkedAtRun).toBe(true);
    expect(modelOf(text, "input a: f32[b, t]\noutput y: f32[b, t, 4]\ninfer y: [N, T, 4]\n").outputs[0]?.checkedAtRun).toBe(false);
    expect(modelOf(text, "input a: f32[b, t]\noutput y: f32[b, u, 4]\ninfer y: [N, u, 4]\n").outputs[0]?.checkedAtRun).toBe(true);
  });

  test("may be left out; a literal of the file must be declared", () => {
    expect(codesOf("model m(a: tensor<f32>[N, 3]) -> (y: tensor<f32>[N, K]) { file: \"m.onnx\" }\n", { "m.onnx": "input a: f32[b, 3]\noutput y: f32[b, 4]\noutput z: f32[b]\n" })).toEqual(["P0507"]);
  });
});

test("padding keeps its multiple and a fill for each input that has the dimension", () => {
  const model = modelOf(
    "model m(a: tensor<i64>[N, T], b: tensor<f32>[N, 4, T], c: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, T]) where 2 <= T, T <= 64 { file: \"m.onnx\", pad: { T: { multiple: 16, a: 1, b: -0.5 } } }\n",
    "input a: i64[b, t]\ninput b: f32[b, 4, t]\ninput c: f32[b, 2]\noutput y: f32[b, t]\n",
  );
  expect(model.pad).toEqual({ T: { multiple: 16, fill: { a: 1, b: -0.5 } } });
  expect(model.bounds).toEqual({ T: { low: 2, high: 64 } });
});

test("a list of scalars is a tensor where a port wants one, of strings too", () => {
  const ports = "input a: f32[b, 2]\ninput s: string[b, 1]\noutput y: i64[b]\n";
  const text = `model m(a: tensor<f32>[N, 2], s: tensor<string>[N, 1]) -> (y: tensor<i64>[N]) { file: "m.onnx" }\n${call("a: f32, s: string", "[.a, 1], [.s]")}`;
  expect(codesOf(text, { "m.onnx": ports })).toEqual([]);
  expect(codesOf(text.replace("[.a, 1]", "[.a]"), { "m.onnx": ports })).toEqual(["P0401"]);
  expect(codesOf(text.replace("[.s]", "[.a]"), { "m.onnx": ports })).toEqual(["P0301"]);
});
