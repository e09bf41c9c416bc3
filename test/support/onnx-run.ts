/** Runs a model in onnxruntime with every intermediate value made an output. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { ModelGraph } from "../../compiler/onnx/model-graph.ts";
import { createRandom } from "./random.ts";

/** Element types as onnxruntime calls them. */
const dtypeNames: Readonly<Record<string, string>> = {
  float32: "f32", float64: "f64", float16: "f16", int64: "i64", int32: "i32", int16: "i16", int8: "i8", uint8: "u8", uint16: "u16", uint32: "u32", uint64: "u64", bool: "bool", string: "string",
};

export interface RunTensor {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<unknown>;
}

/**
 * The model's bytes with more graph outputs. Messages that are concatenated merge, so a second `graph` field with
 * nothing but outputs adds them to the first.
 */
export function withOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const outputs = names.map((name) => field(12, field(1, new TextEncoder().encode(name))));
  return concat([model, field(7, concat(outputs))]);
}

function field(number: number, body: Uint8Array): Uint8Array {
  return concat([varint(number * 8 + 2), varint(body.length), body]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Names that nodes of the main graph put out, without the graph's own outputs. */
export function intermediateNames(model: ModelGraph): readonly string[] {
  const outputs = new Set(model.graph.outputs.map((output) => output.name));
  return model.graph.nodes.flatMap((node) => node.outputs).filter((name) => name !== "" && !outputs.has(name));
}

/** The model as onnxruntime rewrites it at its `extended` level, with fused operators of its own. */
export async function optimized(bytes: Uint8Array): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "pipec-optimized-"));
  try {
    const path = join(folder, "model.onnx");
    const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: "extended", optimizedModelFilePath: path, intraOpNumThreads: 1, logSeverityLevel: 3 });
    await session.release();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** All values of the main graph's nodes for random inputs of the shapes that `bindings` give. */
export async function runAll(bytes: Uint8Array, model: ModelGraph, bindings: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, RunTensor>> {
  const names = [...intermediateNames(model)];
  const session = await ort.InferenceSession.create(withOutputs(bytes, names), { graphOptimizationLevel: "disabled", intraOpNumThreads: 1, logSeverityLevel: 3 });
  const feeds: Record<string, ort.Tensor> = {};
  for (const { name, type } of model.graph.inputs) {
    if (type.kind !== "tensor" || !session.inputNames.includes(name)) continue;
    const dims = (type.dims ?? []).map((dim) => (typeof dim === "number" ? dim : (bindings.get(dim ?? "") ?? 1)));
    feeds[name] = inputTensor(name, type.dtype, dims);
  }
  try {
    const results = await session.run(feeds);
    return new Map(Object.entries(results).map(([name, value]) => [name, { dtype: dtypeNames[value.type] ?? value.type, dims: value.dims, data: dataOf(value) }]));
  } finally {
    await session.release();
  }
}

function dataOf({ data }: ort.Tensor): ArrayLike<unknown> {
  return "length" in data ? data : [];
}

/** Seeded values: masks are 1, indices small, floats around 0. */
function inputTensor(name: string, dtype: string, dims: readonly number[]): ort.Tensor {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const random = createRandom(7);
  const highest = /type/.test(name) ? 0 : /small/.test(name) ? 1 : 99;
  const integer = (): number => (/mask/.test(name) ? 1 : random.integer(highest + 1));
  switch (dtype) {
    case "i64":
      return new ort.Tensor("int64", BigInt64Array.from({ length: count }, () => BigInt(integer())), dims);
    case "i32":
      return new ort.Tensor("int32", Int32Array.from({ length: count }, integer), dims);
    case "u8":
      return new ort.Tensor("uint8", Uint8Array.from({ length: count }, integer), dims);
    case "i8":
      return new ort.Tensor("int8", Int8Array.from({ length: count }, integer), dims);
    case "bool":
      return new ort.Tensor("bool", Uint8Array.from({ length: count }, () => 1), dims);
    case "string":
      return new ort.Tensor("string", Array.from({ length: count }, (_, i) => `word ${i}`), dims);
    default:
      return new ort.Tensor("float32", Float32Array.from({ length: count }, () => random.integer(1000) / 1000 - 0.5), dims);
  }
}
