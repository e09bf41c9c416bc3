/**
 * How long `pipec check` takes beyond Node's own start, on a program of 300 lines whose model file has 300 MB, and how
 * much of that file is read. Prints medians of whole processes, one kind after the other in each round:
 *
 *     npm run build && node scripts/run-ts.mjs bench/check.ts [rounds]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { createModelBuilder } from "../compiler/onnx/build-model.ts";
import { readModel } from "../compiler/onnx/read-model.ts";
import { ropeBytes } from "../compiler/onnx/rope.ts";
import { openModelFiles } from "../compiler/cli/model-files.ts";

const rounds = Number(process.argv[2] ?? 9);
const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pipec-check-"));

try {
  writeFileSync(join(folder, "big.onnx"), bigModel());
  writeFileSync(join(folder, "main.pipe"), longProgram(300));
  const own = median(rounds, ["-e", "0"]);
  const start = median(rounds, [cli, "--version"]);
  const check = median(rounds, [cli, "check"]);
  const opened = openModelFiles(join(folder, "big.onnx"));
  const read = "files" in opened ? readModel(opened.files).bytesRead : 0;
  console.log(`node alone              ${own.toFixed(0)} ms`);
  console.log(`pipec --version         ${start.toFixed(0)} ms, ${(start - own).toFixed(0)} ms beyond node`);
  console.log(`pipec check, 300 lines  ${check.toFixed(0)} ms, ${(check - own).toFixed(0)} ms beyond node`);
  console.log(`model file              ${(statSync(join(folder, "big.onnx")).size / 1e6).toFixed(0)} MB, of which ${(read / 1e3).toFixed(1)} kB are read`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function median(count: number, argv: readonly string[]): number {
  const times = Array.from({ length: count }, () => {
    const started = performance.now();
    execFileSync(process.execPath, argv, { cwd: folder, stdio: "pipe" });
    return performance.now() - started;
  }).sort((a, b) => a - b);
  return times[times.length >> 1] ?? 0;
}

function bigModel(): Uint8Array {
  const graph = createModelBuilder(17, 1);
  const x = graph.input("x", "f32", ["N", 1024]);
  const elements = 75_000_000;
  const table = graph.tensor("weights", "f32", [1024, elements / 1024 | 0], new Uint8Array((elements / 1024 | 0) * 1024 * 4));
  graph.node("MatMul", [x, table], {}, { outputs: ["y"] });
  graph.output("y", "f32", ["N", elements / 1024 | 0]);
  return ropeBytes(graph.build().model);
}

/** A program of at least so many lines: one pipeline after the other, each with functions, maps, filters and a model. */
function longProgram(lines: number): string {
  const parts = [`edition 1`, `record Row { id: string, text: string?, v: tensor<f32>[1024] }`, `model big(x: tensor<f32>[N, 1024]) -> (y: tensor<f32>[N, ${75_000_000 / 1024 | 0}]) { file: "big.onnx" }`];
  for (let n = 0; parts.join("\n").split("\n").length < lines; n++) {
    parts.push(`
fn half_${n}(v: tensor<f32>[D]) -> tensor<f32>[D] = v * 0.5

pipeline p${n} {
  let rows = read parquet("data/*.parquet") as Row

  let halved = rows
    |> filter(.text != null)
    |> { .id, text: lower(.text), v: half_${n}(.v) }

  let scored = halved |> { .id, ..big(.v) }

  write scored |> { .id, best: argmax(.y) } to jsonl("out/p${n}")
}`);
  }
  return `${parts.join("\n")}\n`;
}
