/**
 * Peak activation as computed against onnxruntime's memory as measured, on Linux.
 *
 *   node scripts/run-ts.mjs bench/peak-memory.ts [FOLDER[:name=value,…] …]
 *
 * Each FOLDER holds a model.onnx; without one, models of ../shared are taken. The model runs in a process of its own: after a small run that warms it up, the
 * resident set's high-water mark is reset (/proc/self/clear_refs) and a large run made; the growth is what onnxruntime
 * took. malloc returns memory at once (its mmap threshold is set low), so the mark follows live buffers.
 * Recorded shapes (value_info) are left out, as in the files pipec writes: with them onnxruntime keeps freed buffers for
 * later values of the same shape, up to twice the memory.
 * Printed per model: measured / computed with the arena off and the graph as it is, with the arena on (the factor of the
 * plan's memory model), and with the arena off after onnxruntime has optimised a graph that was not computed so.
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { openModelFiles } from "../compiler/cli/model-files.ts";
import { computeCost } from "../compiler/onnx/cost/model-cost.ts";
import { inferShapes } from "../compiler/onnx/infer/infer-shapes.ts";
import type { ModelDraft } from "../compiler/onnx/model-draft.ts";
import type { ModelGraph } from "../compiler/onnx/model-graph.ts";
import { readModel } from "../compiler/onnx/read-model.ts";
import { writeRope } from "../compiler/onnx/rope.ts";
import { writeModel } from "../compiler/onnx/write-model.ts";
import { dimNumber } from "../language/tensor/dim.ts";

type Level = "disabled" | "extended";
type Dims = ReadonlyMap<string, number>;

const modes: readonly { readonly name: string; readonly level: Level; readonly arena: boolean }[] = [
  { name: "arena off", level: "disabled", arena: false },
  { name: "arena on", level: "disabled", arena: true },
  { name: "optimised by onnxruntime", level: "extended", arena: false },
];

/** Both exporters, text and images, decoders and encoders, at sizes that stand out from what a process takes anyway. */
const defaultTargets: readonly string[] = [
  "bert-dynamo:batch=64,sequence=64", "gpt2-torchscript:batch=64,sequence=64", "albert-torchscript:batch=64,sequence=64", "vit-dynamo:batch=256",
  "resnet-torchscript:batch=256", "mobilenetv3-torchscript:batch=128", "unet-dynamo:batch=64",
].map((target) => fileURLToPath(new URL(`../../shared/models/${target}`, import.meta.url)));

const runTs = fileURLToPath(new URL("../scripts/run-ts.mjs", import.meta.url));

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

type Outputs = readonly { readonly name: string; readonly shape: readonly number[] }[];

/**
 * In the child: bytes that a run at `dims` adds to a warm session's resident set. Outputs go to arrays made before,
 * whose pages count when they are first written.
 */
async function measure(path: string, level: Level, arena: boolean, dims: Dims, outputs: Outputs): Promise<number> {
  const session = await InferenceSession.create(path, {
    graphOptimizationLevel: level, enableCpuMemArena: arena, enableMemPattern: arena, intraOpNumThreads: 1, executionMode: "sequential",
  });
  const feedsAt = (values: (name: string) => number): Record<string, Tensor> =>
    Object.fromEntries(session.inputMetadata.flatMap((meta) =>
      meta.isTensor ? [[meta.name, zeroTensor(meta.type, meta.shape.map((dim) => (typeof dim === "number" ? dim : values(dim))))]] : []));
  await session.run(feedsAt((name) => (name === "batch" ? 1 : dims.get(name) ?? 1)));
  const feeds = feedsAt((name) => dims.get(name) ?? 1);
  const fetches = Object.fromEntries(outputs.map(({ name, shape }) => [name, new Tensor("float32", new Float32Array(shape.reduce((a, b) => a * b, 1)), shape)]));
  writeFileSync("/proc/self/clear_refs", "5");
  const before = statusBytes("VmRSS");
  await session.run(feeds, fetches);
  return statusBytes("VmHWM") - before;
}

/** The computed peak; writes the model without its recorded shapes to `stripped`. */
function computed(path: string, dims: Dims, stripped: string): { readonly bytes: number; readonly outputs: Outputs } {
  const opened = openModelFiles(path);
  if ("diagnostic" in opened) throw new Error(opened.diagnostic.message);
  const { model, diagnostics } = readModel(opened.files);
  if (!model) throw new Error(diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  const inferred = inferShapes(model, { bindings: dims });
  const peak = computeCost(model, inferred).totals.peakActivationBytes;
  const file = openSync(stripped, "w");
  writeRope(writeModel(copyOf(model)).model, (bytes) => writeSync(file, bytes));
  closeSync(file);
  opened.close();
  const bytes = dimNumber(peak);
  if (bytes === undefined) throw new Error(`${path}: bind all dimensions`);
  const outputs = model.graph.outputs.map(({ name }) => {
    const type = inferred.types.get(name);
    if (type?.kind !== "tensor" || type.dtype !== "f32") throw new Error(`${path}: output ${name} is no f32 tensor`);
    return { name, shape: (type.shape ?? []).map((dim) => dimNumber(dim) ?? 0) };
  });
  return { bytes, outputs };
}

/** A draft of the same graph without value_info. */
function copyOf(base: ModelGraph): ModelDraft {
  const { nodes, inputs, outputs, initializers } = base.graph;
  return {
    base,
    graph: {
      nodes: nodes.map((node) => ({ kind: "copy", node })),
      inputs: inputs.map((value) => ({ kind: "copy", value })),
      outputs: outputs.map((value) => ({ kind: "copy", value })),
      initializers: initializers.map((tensor) => ({ kind: "copy", tensor })),
    },
  };
}

function parseTarget(target: string): { readonly folder: string; readonly dims: Dims } {
  const [folder = "", list = "batch=64"] = target.split(":");
  return { folder, dims: new Map(list.split(",").map((entry) => [entry.split("=")[0] ?? "", Number(entry.split("=")[1])])) };
}

function compare(target: string): void {
  const { folder, dims } = parseTarget(target);
  const scratch = mkdtempSync(join(tmpdir(), "pipec-peak-"));
  const stripped = join(scratch, "model.onnx");
  const { bytes, outputs } = computed(join(folder, "model.onnx"), dims, stripped);
  // The binding copies outputs, so both copies are there when the run ends.
  const outputBytes = outputs.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  const expected = Math.max(bytes, 2 * outputBytes);
  const ratios = modes.map(({ name, level, arena }) => {
    const args = [runTs, fileURLToPath(import.meta.url), "--measure", stripped, level, String(arena), JSON.stringify([...dims]), JSON.stringify(outputs)];
    const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: "16384", MALLOC_TRIM_THRESHOLD_: "0", MALLOC_ARENA_MAX: "1" };
    const measured = Number(execFileSync(process.execPath, args, { env, encoding: "utf8" }).trim().split("\n").at(-1));
    return `${name} ${(measured / expected).toFixed(2)}`;
  });
  rmSync(scratch, { recursive: true });
  console.log(`${target.split("/").at(-1)}: computed ${(expected / 2 ** 20).toFixed(1)} MiB; ${ratios.join(", ")}`);
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--measure") {
  const [path = "", level = "", arena = "", dims = "", outputs = ""] = rest;
  console.log(await measure(path, level === "extended" ? "extended" : "disabled", arena === "true", new Map<string, number>(JSON.parse(dims)), JSON.parse(outputs)));
} else {
  const targets = process.argv.slice(2);
  for (const target of targets.length > 0 ? targets : defaultTargets) compare(target);
}
