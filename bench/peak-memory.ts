/**
 * Peak activation as computed against onnxruntime's memory as measured, on Linux.
 *
 *   node bench/peak-memory.ts FOLDER[:name=value,…] …
 *
 * Each FOLDER holds a model.onnx. The model runs in a process of its own: after a small run that warms it up, the
 * resident set's high-water mark is reset (/proc/self/clear_refs) and a large run made; the growth is what onnxruntime
 * took. malloc returns memory at once (its mmap threshold is set low), so the mark follows live buffers.
 * Printed per model: measured / computed with the arena off and the graph as it is, the same after onnxruntime's
 * optimisation, and with the arena on (the factor of the plan's memory model).
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { openModelFiles } from "../compiler/cli/model-files.ts";
import { computeCost } from "../compiler/onnx/cost/model-cost.ts";
import { inferShapes } from "../compiler/onnx/infer/infer-shapes.ts";
import { readModel } from "../compiler/onnx/read-model.ts";
import { dimNumber } from "../language/tensor/dim.ts";

type Level = "disabled" | "extended";
type Dims = ReadonlyMap<string, number>;

const modes: readonly { readonly name: string; readonly level: Level; readonly arena: boolean }[] = [
  { name: "arena off", level: "disabled", arena: false },
  { name: "optimised", level: "extended", arena: false },
  { name: "arena on", level: "extended", arena: true },
];

function statusBytes(field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync("/proc/self/status", "utf8"));
  return Number(line?.[1] ?? 0) * 1024;
}

function zeroTensor(type: string, dims: readonly number[]): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  switch (type) {
    case "int64":
      return new Tensor("int64", new BigInt64Array(count).fill(1n), dims);
    case "bool":
      return new Tensor("bool", new Uint8Array(count).fill(1), dims);
    case "float32":
      return new Tensor("float32", new Float32Array(count), dims);
    default:
      throw new Error(`no values for inputs of type ${type}`);
  }
}

/** In the child: bytes that a run at `dims` adds to a warm session's resident set. */
async function measure(path: string, level: Level, arena: boolean, dims: Dims): Promise<number> {
  const session = await InferenceSession.create(path, {
    graphOptimizationLevel: level, enableCpuMemArena: arena, enableMemPattern: arena, intraOpNumThreads: 1, executionMode: "sequential",
  });
  const feedsAt = (values: (name: string) => number): Record<string, Tensor> =>
    Object.fromEntries(session.inputMetadata.flatMap((meta) =>
      meta.isTensor ? [[meta.name, zeroTensor(meta.type, meta.shape.map((dim) => (typeof dim === "number" ? dim : values(dim))))]] : []));
  await session.run(feedsAt((name) => (name === "batch" ? 1 : dims.get(name) ?? 1)));
  const feeds = feedsAt((name) => dims.get(name) ?? 1);
  writeFileSync("/proc/self/clear_refs", "5");
  const before = statusBytes("VmRSS");
  await session.run(feeds);
  return statusBytes("VmHWM") - before;
}

function computed(path: string, dims: Dims): number {
  const opened = openModelFiles(path);
  if ("diagnostic" in opened) throw new Error(opened.diagnostic.message);
  const { model, diagnostics } = readModel(opened.files);
  if (!model) throw new Error(diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  const peak = computeCost(model, inferShapes(model, { bindings: dims })).totals.peakActivationBytes;
  opened.close();
  const bytes = dimNumber(peak);
  if (bytes === undefined) throw new Error(`${path}: bind all dimensions`);
  return bytes;
}

function parseTarget(target: string): { readonly folder: string; readonly dims: Dims } {
  const [folder = "", list = "batch=64"] = target.split(":");
  return { folder, dims: new Map(list.split(",").map((entry) => [entry.split("=")[0] ?? "", Number(entry.split("=")[1])])) };
}

function compare(target: string): void {
  const { folder, dims } = parseTarget(target);
  const bytes = computed(join(folder, "model.onnx"), dims);
  const ratios = modes.map(({ name, level, arena }) => {
    const args = [fileURLToPath(import.meta.url), "--measure", folder, level, String(arena), JSON.stringify([...dims])];
    const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: "16384", MALLOC_TRIM_THRESHOLD_: "0", MALLOC_ARENA_MAX: "1" };
    const measured = Number(execFileSync(process.execPath, [...process.execArgv, ...args], { env, encoding: "utf8" }).trim().split("\n").at(-1));
    return `${name} ${(measured / bytes).toFixed(2)}`;
  });
  console.log(`${target.split("/").at(-1)}: computed ${(bytes / 2 ** 20).toFixed(1)} MiB; ${ratios.join(", ")}`);
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--measure") {
  const [folder = "", level = "", arena = "", dims = ""] = rest;
  console.log(await measure(join(folder, "model.onnx"), level === "extended" ? "extended" : "disabled", arena === "true", new Map<string, number>(JSON.parse(dims))));
} else {
  for (const target of process.argv.slice(2)) compare(target);
}
