import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openModelFiles } from "../../../compiler/cli/model-files.ts";
import { createModelBuilder, type ModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { bytesModel, type ByteSource, type ModelFiles } from "../../../compiler/onnx/byte-source.ts";
import { inspectModel } from "../../../compiler/onnx/inspect/inspect-model.ts";
import { inspectionJson } from "../../../compiler/onnx/inspect/inspection-json.ts";
import { emitInspectionHtml } from "../../../compiler/onnx/inspect/emit-inspection-html.ts";
import { printInspection } from "../../../compiler/onnx/inspect/print-inspection.ts";
import { bodyField, messageField, textField, varintField } from "../../../compiler/onnx/encode.ts";
import { readModel } from "../../../compiler/onnx/read-model.ts";
import { defaultWireLimits } from "../../../compiler/onnx/wire.ts";
import { joinRopes, ropeBytes } from "../../../compiler/onnx/rope.ts";
import { builtBytes } from "../../support/onnx-models.ts";
import { createRandom } from "../../support/random.ts";

/** A model with weights, a subgraph-free shape computation, attributes and several types. */
function sample(): ModelBuilder {
  const b = createModelBuilder(17, 3);
  const x = b.input("x", "f32", ["N", 3, 8, 8]);
  const conv = b.node("Conv", [x, b.weight("w", [4, 3, 3, 3], 0.1)], { pads: [1, 1, 1, 1] });
  const relu = b.node("Relu", [conv]);
  const shape = b.node("Shape", [relu]);
  const first = b.node("Gather", [shape, b.ints("zero", [1], [0])]);
  const flat = b.node("Reshape", [relu, b.node("Concat", [first, b.ints("rest", [1], [-1])], { axis: 0 })]);
  b.node("Gemm", [flat, b.weight("fc", [256, 5], 0.1), b.floats("bias", [5], [1, 2, 3, 4, 5])], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N", 5]);
  return b;
}

/** Everything that reads a model, on one file; it must end, with diagnostics or a report. */
function inspectAll(files: ModelFiles): { readonly codes: readonly string[]; readonly sound: boolean } {
  const inspection = inspectModel(files, new Map());
  for (const text of [inspectionJson(inspection), printInspection(inspection), emitInspectionHtml(inspection)]) {
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  }
  return { codes: inspection.diagnostics.map((diagnostic) => diagnostic.code), sound: inspection.nodes.length > 0 };
}

function codesOf(bytes: Uint8Array): readonly string[] {
  return inspectAll(bytesModel("m.onnx", bytes)).codes;
}

describe("hostile model files", () => {
  const good = builtBytes(sample());

  it("reads the sample itself without a diagnostic", () => {
    expect(inspectAll(bytesModel("m.onnx", good))).toEqual({ codes: [], sound: true });
  });

  it("reports every truncation", () => {
    for (let part = 0; part < 50; part++) {
      const cut = good.subarray(0, Math.floor((good.length * part) / 50));
      expect(codesOf(cut).length, `cut at ${part}/50`).toBeGreaterThan(0);
    }
  });

  it("survives thousands of byte flips", () => {
    let reported = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const { integer: random } = createRandom(seed);
      const bytes = Uint8Array.from(good);
      for (let flips = 1 + random(3); flips > 0; flips--) bytes[random(bytes.length)] = random(256);
      const { codes } = inspectAll(bytesModel("m.onnx", bytes));
      if (codes.length > 0) reported++;
    }
    // Most flips hit weights, which is nobody's error.
    expect(reported).toBeGreaterThan(100);
  });

  it("reports text that is no model", () => {
    expect(codesOf(new TextEncoder().encode("{ \"this\": \"is JSON\" }"))).toEqual(["P1011"]);
    expect(codesOf(new Uint8Array(0))).toEqual(["P1011"]);
    expect(codesOf(new Uint8Array(10_000))).toEqual(["P1000"]);
  });

  it("reports a cycle with its path", () => {
    const b = createModelBuilder(17);
    b.node("Add", [b.input("x", "f32", [2]), "c"], {}, { outputs: ["a"], name: "first" });
    b.node("Neg", ["a"], {}, { outputs: ["c"], name: "second" });
    b.output("c", "f32", [2]);
    const { model, diagnostics } = readModel(bytesModel("m", builtBytes(b)));
    expect(model).toBeUndefined();
    expect(diagnostics.map((d) => `${d.code}: ${d.message}`)).toEqual(['P1005: the graph has a cycle: node "first" -> node "second"']);
  });

  it("reports undefined and repeated values", () => {
    const b = createModelBuilder(17);
    b.node("Neg", [b.input("x", "f32", [2])], {}, { outputs: ["y"] });
    b.node("Abs", ["ghost"], {}, { outputs: ["y"] });
    b.output("nothing", "f32", [2]);
    expect(codesOf(builtBytes(b))).toEqual(["P1004", "P1003", "P1003"]);
  });

  it("reports absurd dimensions of weights and inputs", () => {
    const b = createModelBuilder(17);
    b.output(b.node("Neg", [b.tensor("w", "f32", [2 ** 40, 2 ** 40], new Uint8Array(8))]), "f32", [1]);
    expect(codesOf(builtBytes(b))).toContain("P1008");
    const c = createModelBuilder(17);
    c.output(c.node("MatMul", [c.input("x", "f32", [2 ** 52, 2 ** 52]), c.input("y", "f32", [2 ** 52, 2 ** 52])]), "f32", [null, null]);
    expect(inspectAll(bytesModel("m", builtBytes(c))).sound).toBe(true);
  });

  it("escapes names with control characters and says so", () => {
    const b = createModelBuilder(17);
    b.output(b.node("Neg", [b.input("x\u001b[31m", "f32", [2])], {}, { name: "n\u0007</script>" }), "f32", [2]);
    expect(codesOf(builtBytes(b))).toEqual(["P1010", "P1010"]);
    const page = emitInspectionHtml(inspectModel(bytesModel("m", builtBytes(b)), new Map()));
    expect(page.split("</script>").length).toBe(2);
  });

  it("bounds nesting of subgraphs and types", () => {
    let graph = joinRopes([textField(2, "deepest")]);
    for (let i = 0; i < 200; i++) {
      const attribute = messageField(5, [textField(1, "body"), bodyField(6, graph), varintField(20, 5)]);
      graph = joinRopes([messageField(1, [textField(4, "If"), attribute])]);
    }
    expect(codesOf(ropeBytes(joinRopes([varintField(1, 8), bodyField(7, graph)])))).toEqual(["P1001"]);
  });

  it("bounds memory on files of many tiny parts", () => {
    // Two bytes each: an empty node.
    const nodes = new Uint8Array(40_000).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
    const file = ropeBytes(joinRopes([varintField(1, 8), bodyField(7, { length: nodes.length, pieces: [nodes] })]));
    const limits = { ...defaultWireLimits, itemsMax: 10_000 };
    expect(readModel(bytesModel("m", file), limits).diagnostics.map((d) => d.code)).toEqual(["P1001"]);
    expect(readModel(bytesModel("m", file), { ...limits, itemsMax: 10 ** 6, structureBytesMax: 30_000 }).diagnostics.map((d) => d.code)).toEqual(["P1001"]);
  });

  it("reports functions that call each other", () => {
    const call = (name: string, calls: string) => messageField(25, [textField(1, name), textField(10, "own"), messageField(7, [textField(4, calls), textField(7, "own")])]);
    const file = joinRopes([varintField(1, 8), messageField(7, [textField(2, "g")]), call("f", "g"), call("g", "f")]);
    expect(codesOf(ropeBytes(file))).toEqual(["P1009"]);
  });
});

describe("external data", () => {
  const root = mkdtempSync(join(tmpdir(), "pipec-hostile-"));
  afterAll(() => rmSync(root, { recursive: true }));
  const folder = join(root, "model");
  mkdirSync(folder);
  writeFileSync(join(root, "secret.bin"), new Uint8Array(64));
  writeFileSync(join(folder, "w.bin"), new Uint8Array(64));
  symlinkSync("../secret.bin", join(folder, "link.bin"));
  symlinkSync("w.bin", join(folder, "inner.bin"));
  symlinkSync("..", join(folder, "up"));
  mkdirSync(join(folder, "folder.bin"));

  /** A model whose one weight of 64 bytes lies at this location. */
  function diagnose(location: string, offset = 0): readonly string[] {
    const b = createModelBuilder(17);
    b.output(b.node("Neg", [b.weight("w", [16], 1)]), "f32", [16]);
    const bytes = ropeBytes(b.build({ external: { location, bytesMin: 1 } }).model);
    const text = Buffer.from(bytes).toString("latin1");
    const path = join(folder, "model.onnx");
    writeFileSync(path, Buffer.from(offset === 0 ? text : text.replace("offset\u0012\u00010", `offset\u0012\u0001${offset}`), "latin1"));
    const opened = openModelFiles(path);
    if ("diagnostic" in opened) throw new Error(opened.diagnostic.message);
    try {
      return readModel(opened.files).diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`);
    } finally {
      opened.close();
    }
  }

  it("takes a file in the folder, also through a link inside it", () => {
    expect(diagnose("w.bin")).toEqual([]);
    expect(diagnose("./w.bin")).toEqual([]);
    expect(diagnose("inner.bin")).toEqual([]);
  });

  it.each(["../secret.bin", "up/secret.bin", "link.bin", join(root, "secret.bin"), "sub/../../secret.bin", "..\\secret.bin", "folder.bin", "missing.bin", "", "C:\\secret.bin"])("refuses %j", (location) => {
    expect(diagnose(location)).toHaveLength(1);
    expect(diagnose(location)[0]).toMatch(/^P1006 /);
  });

  it("reports data that runs past its file", () => {
    expect(diagnose("w.bin", 9)).toEqual(['P1007 the external data of tensor "w" does not fit: it ends at byte 73 of a file of 64']);
  });

  it("does not open what is no regular file", () => {
    const opened = openModelFiles(folder);
    expect("diagnostic" in opened && opened.diagnostic.message).toBe(`${folder} cannot be read: it is a folder; the model is the file model.onnx in it`);
  });
});

describe("reading in windows", () => {
  it("analyses 10 GB of external data in a few kilobytes of reads, at offsets beyond 2 GiB", () => {
    const layers = 40;
    const b = createModelBuilder(17);
    let x = b.input("x", "f32", ["N", 8192]);
    for (let i = 0; i < layers; i++) x = b.node("MatMul", [x, b.weight(`layers.${i}.w`, [8192, 8192], 0.01)]);
    b.output(x, "f32", ["N", 8192]);
    const written = b.build({ external: { location: "w.bin", bytesMin: 1024 } });
    let taken = 0;
    const count = (source: ByteSource): ByteSource => ({ size: source.size, read: (offset, length) => ((taken += length), source.read(offset, length)) });
    const inner = bytesModel("m", ropeBytes(written.model));
    const files: ModelFiles = { ...inner, main: count(inner.main), openExternal: () => ({ size: written.external.length, read: () => expect.unreachable("weights were read") }) };
    const inspection = inspectModel(files, new Map([["N", 4]]));
    expect(inspection.diagnostics).toEqual([]);
    expect(inspection.totals).toEqual({ params: layers * 8192 ** 2, weightBytes: layers * 8192 ** 2 * 4, flops: layers * 4 * 8192 ** 2 * 2, peakActivationBytes: 2 * 4 * 8192 * 4 });
    expect(taken).toBeLessThan(20_000);
    const last = readModel(files).model?.graph.initializers.at(-1)?.data;
    expect(last?.kind === "external" && last.offset).toBeGreaterThan(2 ** 33);
  });

  it("steps over inline weights", () => {
    const b = createModelBuilder(17);
    let x = b.input("x", "f32", ["N", 512]);
    for (let i = 0; i < 20; i++) x = b.node("MatMul", [x, b.weight(`w${i}`, [512, 512], 0.01)]);
    b.output(x, "f32", ["N", 512]);
    const bytes = builtBytes(b);
    const { bytesRead } = readModel(bytesModel("m", bytes));
    expect(bytes.length).toBeGreaterThan(20 * 2 ** 20);
    expect(bytesRead).toBeLessThan(30_000);
  });
});
