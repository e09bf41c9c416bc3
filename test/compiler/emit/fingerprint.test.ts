/** A pipeline's fingerprint: what changes the results changes it, nothing else does. */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createModelBuilder } from "../../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../../compiler/onnx/rope.ts";
import { compileIn } from "../../support/compile-sample.ts";
import { makeWorkplace } from "../../support/workplace.ts";

const program = `edition 1

param input: uri = "in.jsonl"

record Row { id: string, values: tensor<f32>[2] }

model same(x: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, 2]) { file: "same.onnx" }

extern fn tidy(text: string) -> string from "./tidy.ts"

fn short(text: string) -> string = truncate(text, max: 10)

pipeline main {
  with { checkpoint: { at: "out/_checkpoint", every: 500 } }

  let rows = read jsonl(input) as Row
  let made = rows |> { id: tidy(short(.id)), ..same(.values) } with { batch: 4 }

  write made to jsonl("out/made")
}
`;

function sameModel(): Uint8Array {
  const graph = createModelBuilder(17);
  graph.node("Identity", [graph.input("x", "f32", ["N", 2])], {}, { outputs: ["y"] });
  graph.output("y", "f32", ["N", 2]);
  return ropeBytes(graph.build().model);
}

const files = { "main.pipe": program, "tidy.ts": 'import { trimmed } from "./trim.ts";\n\nexport function tidy(text: string): string {\n  return trimmed(text);\n}\n', "trim.ts": "export const trimmed = (text: string): string => text.trim();\n", "same.onnx": sameModel() };

function emitted(folder: string): string {
  const { emitted: made, diagnostics } = compileIn(folder, "main.pipe", "emit");
  if (made === undefined) throw new Error(diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  return made.text;
}

function fingerprint(changed: Partial<Record<keyof typeof files, string | Uint8Array>> = {}): string {
  const found = /fingerprint: "([0-9a-f]{64})"/.exec(emitted(makeWorkplace({ ...files, ...changed })));
  if (found?.[1] === undefined) throw new Error("no fingerprint");
  return found[1];
}

const base = fingerprint();

describe("a fingerprint", () => {
  test("stands beside the checkpoint, with its path and rows", () => {
    expect(emitted(makeWorkplace(files))).toMatch(/checkpoint: \{ at: \(\) => programFile\("out\/_checkpoint"\), everyRows: 500 \},/);
  });

  test("is absent without a checkpoint", () => {
    const text = emitted(makeWorkplace({ ...files, "main.pipe": program.replace(/ {2}with \{ checkpoint.*\n/, "") }));
    expect(text).not.toMatch(/fingerprint|checkpoint/);
  });

  test.each<[string, Partial<Record<keyof typeof files, string>>]>([
    ["a comment", { "main.pipe": program.replace("pipeline main", "// the only one\npipeline main") }],
    ["a batch", { "main.pipe": program.replace("batch: 4", "batch: 8, replicas: 2") }],
    ["a comment in an extern", { "tidy.ts": `// tidies\n${files["tidy.ts"]}` }],
  ])("stays with %s", (_what, changed) => {
    expect(fingerprint(changed)).toBe(base);
  });

  test.each<[string, Partial<Record<keyof typeof files, string>>]>([
    ["an operator's argument in a function", { "main.pipe": program.replace("max: 10", "max: 11") }],
    ["a column", { "main.pipe": program.replace("..same(.values)", "..same(.values), n: 1") }],
    ["a sink", { "main.pipe": program.replace('jsonl("out/made")', 'jsonl("out/made", rows_per_file: 7)') }],
    ["an extern's code", { "tidy.ts": files["tidy.ts"].replace("trimmed(text)", "trimmed(text).toUpperCase()") }],
    ["what an extern imports", { "trim.ts": files["trim.ts"].replace("trim()", "trimEnd()") }],
  ])("changes with %s", (_what, changed) => {
    expect(fingerprint(changed)).not.toBe(base);
  });

  test("changes with the code of a package that an extern uses", () => {
    const withPackage = (code: string): string => {
      const folder = makeWorkplace({ ...files, "trim.ts": 'export { trimmed } from "trimmer";\n', "node_modules/trimmer/package.json": '{ "name": "trimmer", "version": "1.0.0", "main": "index.js", "type": "module" }', "node_modules/trimmer/index.js": code });
      return /fingerprint: "([0-9a-f]{64})"/.exec(emitted(folder))?.[1] ?? "";
    };
    const before = withPackage("export const trimmed = (text) => text.trim();\n");
    expect(withPackage("// trims\nexport const trimmed = (text) => text.trim();\n")).toBe(before);
    expect(withPackage("export const trimmed = (text) => text.trimStart();\n")).not.toBe(before);
  });

  test("stays with a limit of an extern's time, and names its parts", () => {
    expect(fingerprint({ "main.pipe": program.replace('from "./tidy.ts"', 'from "./tidy.ts" with { timeout: 2 s }') })).toBe(base);
    expect(emitted(makeWorkplace(files))).toMatch(/fingerprintParts: \{ "the model same": "[0-9a-f]{16}", "the extern tidy": "[0-9a-f]{16}" \}/);
  });

  test("changes with a model's bytes", () => {
    const folder = makeWorkplace(files);
    const before = emitted(folder);
    // An empty doc string: the same model to onnxruntime, other bytes.
    appendFileSync(join(folder, "same.onnx"), new Uint8Array([0x32, 0]));
    expect(readFileSync(join(folder, "same.onnx")).length).toBe(files["same.onnx"].length + 2);
    expect(emitted(folder)).not.toBe(before);
  });
});
