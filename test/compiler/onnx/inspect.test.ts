import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runInspect, type InspectArgs } from "../../../compiler/cli/commands/inspect.ts";
import { createModelBuilder, type ModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { bytesModel } from "../../../compiler/onnx/byte-source.ts";
import { emitInspectionHtml } from "../../../compiler/onnx/inspect/emit-inspection-html.ts";
import { inspectModel } from "../../../compiler/onnx/inspect/inspect-model.ts";
import { inspectionJson } from "../../../compiler/onnx/inspect/inspection-json.ts";
import { printInspection } from "../../../compiler/onnx/inspect/print-inspection.ts";
import { builtBytes } from "../../support/onnx-models.ts";
import { describeWithShared, sharedFolders, sharedPath } from "../../support/shared.ts";

/** Two equal layers (their names in the weights), a stem and a head. */
function tower(): ModelBuilder {
  const b = createModelBuilder(17);
  let x = b.node("Gather", [b.weight("words", [100, 8], 1), b.input("ids", "i64", ["batch", "T"])], {}, { name: "embed" });
  for (const i of [0, 1]) {
    const h = b.node("Add", [b.node("MatMul", [x, b.weight(`layer.${i}.w`, [8, 8], 1)]), b.weight(`layer.${i}.b`, [8], 1)]);
    x = b.node("Add", [x, b.node("Relu", [h])]);
  }
  b.node("MatMul", [x, b.weight("classifier.weight", [8, 5], 1)], {}, { outputs: ["y"], name: "classify" });
  b.output("y", "f32", ["batch", "T", 5]);
  return b;
}

const files = bytesModel("tower.onnx", builtBytes(tower()));

describe("inspection as JSON", () => {
  it("keeps its contract, with numbers where all dimensions are bound", () => {
    const json = JSON.parse(inspectionJson(inspectModel(files, new Map([["batch", 2], ["T", 3]]))));
    expect(Object.keys(json)).toEqual(["inputs", "outputs", "tensors", "nodes", "totals", "diagnostics"]);
    expect(json.inputs).toEqual([{ name: "ids", dtype: "i64", shape: [2, 3] }]);
    expect(json.outputs).toEqual([{ name: "y", dtype: "f32", shape: [2, 3, 5] }]);
    expect(json.tensors["layer.0.w"]).toEqual({ dtype: "f32", shape: [8, 8] });
    expect(json.nodes[1]).toEqual({ name: "MatMul_1", op: "MatMul", block: "layer.0", flops: 768, bytes: 640 });
    expect(json.nodes.at(-1)).toMatchObject({ name: "classify", block: "head" });
    expect(json.totals).toEqual({ params: 984, weightBytes: 3936, flops: 768 * 2 + 48 * 6 + 480, peakActivationBytes: 576 });
    expect(json.diagnostics).toEqual([]);
  });

  it("has numbers also where they are larger than integers can be", () => {
    const json = JSON.parse(inspectionJson(inspectModel(files, new Map([["batch", 10 ** 15], ["T", 3]]))));
    expect(json.totals.flops).toBe(1152 * 10 ** 15);
  });

  it("has expressions where dimensions are free", () => {
    const json = JSON.parse(inspectionJson(inspectModel(files, new Map([["T", 3]]))));
    expect(json.inputs[0].shape).toEqual(["batch", 3]);
    expect(json.totals.flops).toBe("1152*batch");
    expect(json.nodes[1].flops).toBe("384*batch");
  });
});

describe("inspection as text", () => {
  it("is a table of blocks", () => {
    expect(printInspection(inspectModel(files, new Map([["batch", 2], ["T", 3]])))).toBe(`tower.onnx: ONNX opset 17 by pipec, at batch=2 T=3

inputs   ids  i64[2, 3]
outputs  y  f32[2, 3, 5]

block    nodes   FLOPs   weights  activations
stem         1       0  3.13 KiB        192 B
layer.0      4     912     288 B        576 B
layer.1      4     912     288 B        576 B
head         1     480     160 B        312 B
total       10  2.30 k  3.84 KiB        576 B

params 984
memory of one session: 4.91 KiB (up to 4.55 KiB with onnxruntime's arena off)
`);
  });

  it("names the dimensions that are free", () => {
    expect(printInspection(inspectModel(files, new Map()))).toMatch(/^free dimensions: batch, T; bind them with --dim batch=8$/m);
  });
});

describe("inspection as a page", () => {
  const page = emitInspectionHtml(inspectModel(files, new Map()));

  it("is one offline file", () => {
    expect(page).not.toMatch(/\b(src|href)=|https?:|@import|url\(/);
    expect(page.match(/<details>/g)).toHaveLength(4);
    expect(page.match(/data-node=/g)).toHaveLength(10);
  });

  it("has the edges between nodes and a script that parses", () => {
    const [, script = ""] = /<script>([^]*)<\/script>/.exec(page) ?? [];
    expect(() => new Function(script)).not.toThrow();
    expect(script.startsWith("const edges=[[0,1],[1,2],[2,3],[0,4],[3,4],")).toBe(true);
  });
});

describe("pipec inspect", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipec-inspect-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "tower.onnx"), builtBytes(tower()));

  async function run(args: Partial<InspectArgs>): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    let [out, err] = ["", ""];
    const io = { cwd: folder, stdout: (text: string) => void (out += text), stderr: (text: string) => void (err += text), color: false };
    const code = await runInspect({ model: "tower.onnx", dims: [], json: false, html: undefined, ...args }, io);
    return { code, out, err };
  }

  it("prints the report", async () => {
    const { code, out, err } = await run({ dims: ["batch=2", "T=3"] });
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^total +10 +2.30 k/m);
  });

  it("prints JSON, also of a model that cannot be read", async () => {
    expect(JSON.parse((await run({ json: true, dims: ["batch=1", "T=1"] })).out).totals.params).toBe(984);
    writeFileSync(join(folder, "broken.onnx"), "no model");
    const { code, out } = await run({ model: "broken.onnx", json: true });
    const json = JSON.parse(out);
    expect([code, json.diagnostics[0].code, json.nodes]).toEqual([1, "P1011", []]);
  });

  it("writes the page", async () => {
    expect((await run({ html: "report.html" })).code).toBe(0);
    expect(readFileSync(join(folder, "report.html"), "utf8")).toMatch(/^<!doctype html>/);
  });

  it("refuses bindings it cannot read or use", async () => {
    expect(await run({ dims: ["batch"] })).toMatchObject({ code: 2, out: "" });
    const { code, err } = await run({ dims: ["bach=2"] });
    expect(code).toBe(2);
    expect(err).toContain('error P1012: the model has no dimension "bach"; it has "batch", "T"');
  });

  it("says what is wrong with a file that is not there", async () => {
    const { code, out, err } = await run({ model: "nothing.onnx" });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("error P1002: nothing.onnx cannot be read: there is no such file\n");
  });

  it("says which file of a folder is the model", async () => {
    mkdirSync(join(folder, "web"));
    writeFileSync(join(folder, "web", "model.json"), "{}");
    const { code, err } = await run({ model: "web" });
    expect(code).toBe(2);
    expect(err).toContain("web cannot be read: it is a folder; the model is the file model.json in it");
  });

  it.each([
    ["<!doctype html><title>404</title>", "it is a text file"],
    ["version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "it is a pointer of Git LFS; `git lfs pull` fetches the file"],
  ])("says what a file is that holds no model: %j", async (text, what) => {
    writeFileSync(join(folder, "text.onnx"), text);
    const { code, err } = await run({ model: "text.onnx" });
    expect(code).toBe(1);
    expect(err).toContain(`text.onnx holds no model: ${what}`);
  });
});

describeWithShared("inspection of exported models", "models", () => {
  it.each(sharedFolders("models"))("%s: clean, and numbers throughout when bound", async (name) => {
    const inspection = inspectModel(bytesModel(name, readFileSync(sharedPath("models", name, "model.onnx"))), new Map([["batch", 3], ["sequence", 19]]));
    // Models without such a dimension say so; nothing else may be wrong.
    expect(inspection.diagnostics.filter((diagnostic) => diagnostic.code !== "P1012")).toEqual([]);
    expect(inspection.freeDims).toEqual([]);
    expect(inspection.nodes.every((node) => typeof node.flops === "number" && typeof node.bytes === "number")).toBe(true);
    expect(typeof inspection.totals.peakActivationBytes).toBe("number");
  });
});
