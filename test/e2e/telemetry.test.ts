/** onnxruntime tells its makers of models that run unless it is forbidden: it leaves a file of that in the user's folder. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";
import { root } from "../support/compile-sample.ts";
import { makeWorkplace, pipec } from "../support/workplace.ts";

const program = `edition 1

record Row { id: i64, a: f32 }

model twice(x: tensor<f32>[N, 1]) -> (y: tensor<f32>[N, 1]) { file: "twice.onnx" }

pipeline rows {
  let made = read jsonl("rows.jsonl") as Row |> { .id, ..twice([.a]) }
  write made to jsonl("made.jsonl")
}
`;

function twice(): Uint8Array {
  const graph = createModelBuilder(17, 1);
  graph.node("Mul", [graph.input("x", "f32", ["N", 1]), graph.floats("two", [1], [2])], {}, { outputs: ["y"] });
  graph.output("y", "f32", ["N", 1]);
  return ropeBytes(graph.build().model);
}

/** What a process leaves in its user's folder. */
function leftBy(folder: string, ...argv: readonly string[]): readonly string[] {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  // Where CI is set, onnxruntime keeps still by itself.
  const { CI: _, ORT_DISABLE_TELEMETRY: __, XDG_CACHE_HOME: ___, ...env } = process.env;
  const ended = spawnSync(process.execPath, argv, { cwd: folder, env: { ...env, HOME: home, USERPROFILE: home, LOCALAPPDATA: home }, encoding: "utf8" });
  expect(ended).toMatchObject({ status: 0 });
  return readdirSync(home, { recursive: true, encoding: "utf8" });
}

test("nothing is told of models that run", async () => {
  const folder = makeWorkplace({ "main.pipe": program, "rows.jsonl": '{"id":1,"a":2}\n', "twice.onnx": twice() });
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
  expect(leftBy(folder, "out.js", "--quiet")).toEqual([]);
  expect(leftBy(folder, "out.js", "--quiet", "--interpret")).toEqual([]);
  expect(leftBy(folder, join(root, "scripts", "run-ts.mjs"), join(root, "compiler", "cli", "cli.ts"), "verify", "twice.onnx", "--pipeline", "1")).toEqual([]);
  // Whoever interprets a pipeline in a process of their own.
  const load = JSON.stringify(pathToFileURL(join(root, "runtime", "backends", "load-onnxruntime.ts")).href);
  writeFileSync(join(folder, "own.ts"), `import { loadOnnxRuntime } from ${load}; await (await loadOnnxRuntime()).InferenceSession.create("twice.onnx");`);
  expect(leftBy(folder, join(root, "scripts", "run-ts.mjs"), "own.ts")).toEqual([]);
  writeFileSync(join(folder, "probe.mjs"), 'import ort from "onnxruntime-node"; await ort.InferenceSession.create("twice.onnx");');
  expect(leftBy(folder, "probe.mjs").some((name) => name.endsWith("onnxruntime.db"))).toBe(true);
});
