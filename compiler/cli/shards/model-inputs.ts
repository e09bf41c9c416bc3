/** Inputs to try a model on: recorded ones (ONNX `test_data_set_*` folders), or seeded random ones. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { shardCodes } from "../../../language/diagnostics/codes/shard.ts";
import { Tensor } from "onnxruntime-node";
import { bytesModel, bytesSource } from "../../onnx/byte-source.ts";
import { elementCount } from "../../onnx/check-tensors.ts";
import { elemTypeBytes, type ElemType } from "../../onnx/elem-types.ts";
import type { ModelGraph, TensorRef } from "../../onnx/model-graph.ts";
import { readSignature } from "../../onnx/read-signature.ts";
import { readTensor, readTensorBytes } from "../../onnx/read-tensor.ts";
import { readTensorRef } from "../../onnx/read-tensor-ref.ts";
import { createWireReader, WireError } from "../../onnx/wire.ts";
import { describeFileFault } from "../file-fault.ts";
import { reportNowhere } from "../report.ts";
import { failed, type Failure, type Outcome } from "./cut-model.ts";
import type { Values } from "./run-models.ts";

/** Folders of recorded inputs: `data` or its data sets; without `data`, those beside the model. */
export function dataSets(modelPath: string, data: string | undefined): readonly string[] {
  const folder = data ?? dirname(modelPath);
  const sets = listFolder(folder).filter((name) => /^test_data_set_\d+$/.test(name)).sort((a, b) => numberIn(a) - numberIn(b));
  if (sets.length > 0) return sets.map((name) => join(folder, name));
  return data === undefined ? [] : [data];
}

function listFolder(folder: string): readonly string[] {
  return existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
}

function numberIn(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? 0);
}

/** Reads `input_*.pb` of a folder. Every input of the model must be there. */
export function readInputs(model: ModelGraph, folder: string): Outcome<Values> {
  const names = readSignature(model).inputs.map((port) => port.name);
  const files = listFolder(folder).filter((name) => /^input_\d+\.pb$/.test(name)).sort((a, b) => numberIn(a) - numberIn(b));
  const unusable = (place: string, what: string): Failure => failed(reportNowhere(shardCodes.recordedUnusable, { place, what }));
  const feeds: Record<string, Tensor> = {};
  for (const file of files) {
    const place = join(basename(folder), file);
    const read = readTensorFile(join(folder, file));
    if (typeof read === "string") return unusable(place, read);
    const name = read.name !== "" ? read.name : (names[numberIn(file)] ?? "");
    if (!names.includes(name)) return unusable(place, name === "" ? `the model has ${names.length} inputs` : `the model has no input ${JSON.stringify(name)}`);
    feeds[name] = read.tensor;
  }
  const missing = names.find((name) => feeds[name] === undefined);
  return missing === undefined ? { ok: true, value: feeds } : unusable(basename(folder), `there is none for input ${JSON.stringify(missing)}`);
}

/** The tensor of a TensorProto file, or what is wrong with it. */
function readTensorFile(path: string): { readonly name: string; readonly tensor: Tensor } | string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return describeFileFault(error);
  }
  try {
    const ref = readTensorRef(createWireReader(bytesSource(bytes)), { offset: 0, length: bytes.length });
    const tensor = decodeTensor(bytes, ref);
    return tensor ? { name: ref.name, tensor } : "it holds no plain tensor";
  } catch (error) {
    if (error instanceof WireError) return error.message;
    throw error;
  }
}

function decodeTensor(bytes: Uint8Array, ref: TensorRef): Tensor | undefined {
  const files = bytesModel("recorded", bytes);
  if (ref.dtype === "string") {
    const values = readTensor(files, ref, Number.MAX_SAFE_INTEGER);
    return values?.kind === "strings" ? new Tensor("string", [...values.values], ref.dims) : undefined;
  }
  const dense = readTensorBytes(files, ref, Number.MAX_SAFE_INTEGER);
  return dense && tensorOf(ref.dtype, ref.dims, dense);
}

/** A tensor of dense little-endian bytes; undefined for types onnxruntime's JavaScript has no arrays for. */
function tensorOf(dtype: ElemType, dims: readonly number[], bytes: Uint8Array): Tensor | undefined {
  // A copy at an aligned place, of exactly these bytes.
  const { buffer } = new Uint8Array(bytes);
  switch (dtype) {
    case "f32": return new Tensor("float32", new Float32Array(buffer), dims);
    case "f64": return new Tensor("float64", new Float64Array(buffer), dims);
    case "f16": return new Tensor("float16", new Uint16Array(buffer), dims);
    case "i64": return new Tensor("int64", new BigInt64Array(buffer), dims);
    case "u64": return new Tensor("uint64", new BigUint64Array(buffer), dims);
    case "i32": return new Tensor("int32", new Int32Array(buffer), dims);
    case "u32": return new Tensor("uint32", new Uint32Array(buffer), dims);
    case "i16": return new Tensor("int16", new Int16Array(buffer), dims);
    case "u16": return new Tensor("uint16", new Uint16Array(buffer), dims);
    case "i8": return new Tensor("int8", new Int8Array(buffer), dims);
    case "u8": return new Tensor("uint8", new Uint8Array(buffer), dims);
    case "bool": return new Tensor("bool", new Uint8Array(buffer), dims);
    default: return undefined;
  }
}

/** Sizes of random inputs where the model leaves them open: of a first axis, and of any other. */
const batchSize = 3;
const openSize = 16;

/** Seeded random inputs: floats in [-1, 1), integers 0 or 1, which are valid indices, masks and types alike. */
export function randomInputs(model: ModelGraph, dims: ReadonlyMap<string, number>, seed: number): Outcome<Values> {
  const next = createUniform(seed);
  const feeds: Record<string, Tensor> = {};
  const sizes = new Map(dims);
  for (const { name, type } of readSignature(model).inputs) {
    const unusable = failed(reportNowhere(shardCodes.recordedUnusable, { place: `input ${JSON.stringify(name)}`, what: "random values are made for tensors of numbers and known rank only; give --data" }));
    if (type.kind !== "tensor" || type.dims === null) return unusable;
    const shape = type.dims.map((dim, axis) => {
      if (typeof dim === "number") return dim;
      const size = sizes.get(dim ?? "") ?? (axis === 0 ? batchSize : openSize);
      if (dim !== null) sizes.set(dim, size);
      return size;
    });
    const tensor = tensorOf(type.dtype, shape, randomBytes(type.dtype, elementCount(shape), next));
    if (!tensor) return unusable;
    feeds[name] = tensor;
  }
  return { ok: true, value: feeds };
}

function randomBytes(dtype: ElemType, count: number, next: () => number): Uint8Array {
  const bytes = new Uint8Array(elemTypeBytes(dtype, count));
  const view = new DataView(bytes.buffer);
  const width = count === 0 ? 1 : bytes.length / count;
  for (let i = 0; i < count; i++) {
    if (dtype === "f32") view.setFloat32(i * 4, next() * 2 - 1, true);
    else if (dtype === "f64") view.setFloat64(i * 8, next() * 2 - 1, true);
    // Halves in [-1, 1): a random sign, an exponent below 15, a random fraction.
    else if (dtype === "f16") view.setUint16(i * 2, (next() < 0.5 ? 0x8000 : 0) | (Math.floor(8 + next() * 7) << 10) | Math.floor(next() * 1024), true);
    else bytes[i * width] = next() < 0.5 ? 0 : 1;
  }
  return bytes;
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function createUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
