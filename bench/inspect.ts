/**
 * How long inspecting takes and how much of a file it reads: a model of ViT-B/16's size (about 345 MB of weights in
 * the file) and a graph of 5,000 nodes. Times are beyond Node's own start.
 *
 *   node scripts/run-ts.mjs bench/inspect.ts [MODEL.onnx ...]
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openModelFiles } from "../compiler/cli/model-files.ts";
import type { ModelBuilder } from "../compiler/onnx/build-model.ts";
import { inspectModel } from "../compiler/onnx/inspect/inspect-model.ts";
import { inspectionJson } from "../compiler/onnx/inspect/inspection-json.ts";
import type { ByteSource } from "../compiler/onnx/byte-source.ts";
import { writeRope } from "../compiler/onnx/rope.ts";
import { deepEncoder, vitBase } from "../test/support/architectures.ts";

function report(title: string, path: string): void {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  const opened = openModelFiles(path);
  if ("diagnostic" in opened) throw new Error(opened.diagnostic.message);
  let bytesRead = 0;
  const main: ByteSource = { size: opened.files.main.size, read: (offset, length) => ((bytesRead += length), opened.files.main.read(offset, length)) };
  const inspection = inspectModel({ ...opened.files, main }, new Map());
  inspectionJson(inspection);
  opened.close();
  const ms = performance.now() - start;
  const cpuMs = process.cpuUsage(cpuStart).user / 1000;
  const errors = inspection.diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  console.log(`${title}: ${inspection.nodes.length} nodes, ${ms.toFixed(0)} ms (${cpuMs.toFixed(0)} ms of processor), read ${(bytesRead / 1e6).toFixed(2)} MB of ${(main.size / 1e6).toFixed(0)} MB, resident ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB, ${errors} errors`);
}

function withFile(builder: ModelBuilder, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "pipec-inspect-"));
  try {
    const path = join(folder, "model.onnx");
    const file = openSync(path, "w");
    writeRope(builder.build().model, (bytes) => writeSync(file, bytes));
    closeSync(file);
    use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const path of process.argv.slice(2)) report(path.split("/").slice(-2).join("/"), path);
if (process.argv.length === 2) {
  withFile(vitBase(), (path) => report("ViT-B/16", path));
  withFile(deepEncoder(5000), (path) => report("deep encoder", path));
}
