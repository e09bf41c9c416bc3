import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../../compiler/onnx/rope.ts";
import { listModelFiles, locateWeights } from "../../../runtime/backends/weight-places.ts";
import { protoField } from "../../support/proto-bytes.ts";

const folder = mkdtempSync(join(tmpdir(), "pipec-weights-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function saved(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

test("of a model in one file, the places of its weights in it", () => {
  const builder = createModelBuilder(17);
  builder.node("MatMul", [builder.input("x", "f32", ["N", 64]), builder.weight("w", [64, 64], 0.1)], {}, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 64]);
  const bytes = ropeBytes(builder.build().model);
  const file = saved("one.onnx", bytes);
  const { filesBeside, tensors } = locateWeights(file) ?? { filesBeside: undefined, tensors: [] };
  expect([filesBeside, tensors.length, listModelFiles(file)]).toEqual([[], 1, [file]]);
  const [{ start, end = 0 }] = tensors;
  expect(end - start).toBeGreaterThan(64 * 64 * 4);
  expect(end - start).toBeLessThan(64 * 64 * 4 + 64);
  expect(end).toBeLessThan(bytes.length);
});

test("of one with weights beside it, the file and where in it", () => {
  const builder = createModelBuilder(17);
  const up = builder.node("MatMul", [builder.input("x", "f32", ["N", 64]), builder.weight("up", [64, 64], 0.1)]);
  builder.node("MatMul", [up, builder.weight("down", [64, 64], 0.1)], {}, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 64]);
  const file = saved("two.onnx", ropeBytes(builder.build({ external: { location: "deep/two.bits", bytesMin: 1024 } }).model));
  const beside = join(folder, "deep", "two.bits");
  expect(locateWeights(file)).toEqual({ filesBeside: [beside], tensors: [{ file: beside, start: 0, end: 16384 }, { file: beside, start: 16384, end: 32768 }] });
});

const entry = (key: string, value: string): Buffer => protoField(13, protoField(1, key), protoField(2, value));
const tensorAt = (location: string): Buffer => entry("location", location);
const model = (...graph: readonly Buffer[]): Buffer => protoField(7, ...graph);

test.each([
  ["an attribute of a node", model(protoField(1, protoField(5, protoField(5, tensorAt("here")))))],
  ["a list in one", model(protoField(1, protoField(5, protoField(10, tensorAt("here")))))],
  ["a graph in one", model(protoField(1, protoField(5, protoField(6, protoField(5, tensorAt("here"))))))],
  ["a sparse initializer", model(protoField(15, protoField(1, tensorAt("here"))))],
  ["a function", protoField(25, protoField(7, protoField(5, protoField(5, tensorAt("here")))))],
])("tensors are found in %s", (_where, bytes) => {
  expect(listModelFiles(saved("nested.onnx", bytes)).slice(1)).toEqual([join(folder, "here")]);
});

test("without a length a tensor goes to the end of its file, without an offset it begins at its start", () => {
  expect(locateWeights(saved("short.onnx", model(protoField(5, tensorAt("all")), protoField(5, tensorAt("all"), entry("offset", "4096")))))?.tensors).toEqual([
    { file: join(folder, "all"), start: 0, end: undefined },
    { file: join(folder, "all"), start: 4096, end: undefined },
  ]);
});

test("what is no model, or nested without end, has none", () => {
  let nested = protoField(5, tensorAt("here"));
  for (let depth = 0; depth < 200; depth++) nested = protoField(1, protoField(5, protoField(6, nested)));
  for (const bytes of [Buffer.from("version https://git-lfs"), model(nested), new Uint8Array(100)]) expect(locateWeights(saved("none.onnx", bytes))).toBeUndefined();
  const missing = join(folder, "missing.onnx");
  expect(listModelFiles(missing)).toEqual([missing]);
});
