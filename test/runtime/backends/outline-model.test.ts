import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../../compiler/onnx/rope.ts";
import { outlineModel } from "../../../runtime/backends/outline-model.ts";
import { builtBytes, readSound } from "../../support/onnx-models.ts";
import { protoField } from "../../support/proto-bytes.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "pipec-outline-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function saved(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** Two large weights, one at an odd place for its name, and a small one between them. */
function layered(): ModelBuilder {
  const builder = createModelBuilder(17);
  const up = builder.node("MatMul", [builder.input("x", "f32", ["N", 128]), builder.weight("up", [128, 256], 0.1)]);
  const moved = builder.node("Add", [up, builder.weight("shift", [256], 0.1)]);
  builder.node("MatMul", [moved, builder.weight("down, of some name", [256, 128], 0.1)], {}, { outputs: ["y"] });
  builder.output("y", "f32", ["N", 128]);
  return builder;
}

test("large weights become places in the file, all else stays", () => {
  const bytes = builtBytes(layered());
  const outline = outlineModel(saved("layered.onnx", bytes));
  expect(outline?.folder).toBe(folder);
  expect(outline?.bytes.length).toBeLessThan(4096);
  const [whole, outlined] = [readSound("layered.onnx", bytes), readSound("outline.onnx", outline?.bytes ?? new Uint8Array(), new Map([["layered.onnx", bytes]]))];
  expect(outlined.graph.nodes.map(({ op, inputs, outputs }) => ({ op, inputs, outputs }))).toEqual(whole.graph.nodes.map(({ op, inputs, outputs }) => ({ op, inputs, outputs })));
  const tensors = outlined.graph.initializers;
  expect(tensors.map(({ name, dtype, dims }) => ({ name, dtype, dims }))).toEqual(whole.graph.initializers.map(({ name, dtype, dims }) => ({ name, dtype, dims })));
  expect(tensors.map(({ data }) => data.kind)).toEqual(["external", "raw", "external"]);
  for (const { name, data } of tensors) {
    const own = whole.graph.initializers.find((tensor) => tensor.name === name)?.data;
    if (data.kind === "external") expect(data).toMatchObject({ location: "layered.onnx", offset: own?.kind === "raw" ? own.at.offset : NaN, length: 128 * 256 * 4 });
  }
});

test("through a link, the weights are where the link leads", () => {
  mkdirSync(join(folder, "blobs"));
  const bytes = builtBytes(layered());
  saved("blobs/abc123", bytes);
  symlinkSync(join("blobs", "abc123"), join(folder, "linked.onnx"));
  const outline = outlineModel(join(folder, "linked.onnx"));
  expect(outline?.folder).toBe(join(folder, "blobs"));
  const { initializers } = readSound("outline.onnx", outline?.bytes ?? new Uint8Array(), new Map([["abc123", bytes]])).graph;
  expect(initializers[0]?.data).toMatchObject({ kind: "external", location: "abc123" });
});

test("a tensor may say that its values are in the file", () => {
  // ONNX's own tools write so of what they had read from beside a file: data_location, DEFAULT.
  const said = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.from([14 * 8, 0])]);
  const values = protoField(9, new Uint8Array(128 * 1024));
  const tensor = said(Buffer.concat([Buffer.from([8, 128, 128, 2, 16, 1]), protoField(8, Buffer.from("w")), values]));
  const outline = outlineModel(saved("said.onnx", protoField(7, protoField(5, tensor))));
  expect(outline?.bytes.length).toBeLessThan(256);
  expect([...(outline?.bytes ?? [])].slice(-2)).toEqual([14 * 8, 1]);
  expect(Buffer.from(outline?.bytes ?? []).toString("latin1")).not.toContain(String.fromCharCode(14 * 8, 0));
});

test("what has no large weights, or has them beside the file, is left as it is", () => {
  const small = createModelBuilder(17);
  small.node("Add", [small.input("x", "f32", ["N", 8]), small.weight("w", [8], 0.1)], {}, { outputs: ["y"] });
  small.output("y", "f32", ["N", 8]);
  expect(outlineModel(saved("small.onnx", builtBytes(small)))).toBeUndefined();
  const { model } = layered().build({ external: { location: "weights", bytesMin: 1024 } });
  expect(outlineModel(saved("beside.onnx", ropeBytes(model)))).toBeUndefined();
});

test("a file that is cut short, garbage, zeros, empty or not there is onnxruntime's to judge", () => {
  const bytes = builtBytes(layered());
  for (const [index, cut] of [1, 100, bytes.length / 2, bytes.length - 9].entries()) expect(outlineModel(saved(`cut-${index}.onnx`, bytes.subarray(0, Math.floor(cut))))).toBeUndefined();
  expect(outlineModel(saved("garbage.onnx", Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919) % 251)))).toBeUndefined();
  truncateSync(saved("zeros.onnx", new Uint8Array()), 2 ** 31);
  expect(outlineModel(join(folder, "zeros.onnx"))).toBeUndefined();
  expect(outlineModel(saved("empty.onnx", new Uint8Array()))).toBeUndefined();
  expect(outlineModel(join(folder, "none.onnx"))).toBeUndefined();
});
