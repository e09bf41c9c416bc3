/**
 * Makes whole ONNX models from a short description, with seeded weights: for samples and tests, which then need no
 * model files of others.
 */
import type { AttributeDraft, ModelDraft, NewNode, NewTensor, ValueDraft } from "./model-draft.ts";
import { elementCount } from "./check-tensors.ts";
import { elemTypeBytes, type ElemType } from "./elem-types.ts";
import type { FileDim } from "./model-graph.ts";
import { bytesRope, rangeRope } from "./rope.ts";
import { writeModel, type WriteOptions, type WrittenModel } from "./write-model.ts";

export interface ModelBuilder {
  /** Declares a graph input and gives its name. */
  input(name: string, dtype: ElemType, dims: readonly FileDim[]): string;
  output(name: string, dtype: ElemType, dims: readonly FileDim[]): void;
  /** Adds a node and gives the name of its (first) output. `outputs` defaults to one generated name. */
  node(op: string, inputs: readonly string[], attributes?: Attributes, options?: NodeOptions): string;
  /** An f32 weight of seeded, roughly normal values with this standard deviation; gives its name. */
  weight(name: string, dims: readonly number[], deviation: number): string;
  /** An f32 tensor of given values. */
  floats(name: string, dims: readonly number[], values: readonly number[]): string;
  /** An i64 tensor of given values. */
  ints(name: string, dims: readonly number[], values: readonly (number | bigint)[]): string;
  /** Any tensor from dense little-endian bytes. */
  tensor(name: string, dtype: ElemType, dims: readonly number[], bytes: Uint8Array): string;
  draft(): ModelDraft;
  build(options?: WriteOptions): WrittenModel;
}

/** Attributes in short: whole numbers are ints, text is a string; say the kind where that would be wrong. */
export type Attributes = Readonly<Record<string, number | string | readonly number[] | AttributeDraft>>;

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly outputs?: readonly string[];
}

/** Starts a model: opset by domain (a number means the standard one) and the seed of its weights. */
export function createModelBuilder(opset: number | ReadonlyMap<string, number>, seed = 1): ModelBuilder {
  const nodes: NewNode[] = [];
  const inputs: ValueDraft[] = [];
  const outputs: ValueDraft[] = [];
  const initializers: NewTensor[] = [];
  const add = (name: string, dtype: ElemType, dims: readonly number[], bytes: Uint8Array): string => {
    initializers.push({ kind: "new", name, dtype, dims, data: bytesRope(bytes) });
    return name;
  };
  const draft = (): ModelDraft => ({
    opsets: typeof opset === "number" ? new Map([["", opset]]) : opset,
    graph: { nodes, inputs, outputs, initializers },
  });
  return {
    input(name, dtype, dims) {
      inputs.push({ kind: "new", name, dtype, dims });
      return name;
    },
    output(name, dtype, dims) {
      outputs.push({ kind: "new", name, dtype, dims });
    },
    node(op, from, attributes = {}, options = {}) {
      const to = options.outputs ?? [`${op.toLowerCase()}_${nodes.length}`];
      const drafts = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attributeDraft(value)]));
      nodes.push({ kind: "new", op, inputs: from, outputs: to, attributes: drafts, name: options.name ?? `${op}_${nodes.length}`, domain: options.domain ?? "" });
      return to[0] ?? "";
    },
    weight(name, dims, deviation) {
      const length = elemTypeBytes("f32", elementCount(dims));
      const source = seededNormals(length, deviation, seed + initializers.length);
      initializers.push({ kind: "new", name, dtype: "f32", dims, data: rangeRope(source, 0, length) });
      return name;
    },
    floats: (name, dims, values) => add(name, "f32", dims, littleEndian(values.length, 4, (view, i) => view.setFloat32(i * 4, values[i] ?? 0, true))),
    ints: (name, dims, values) => add(name, "i64", dims, littleEndian(values.length, 8, (view, i) => view.setBigInt64(i * 8, BigInt(values[i] ?? 0), true))),
    tensor: add,
    draft,
    build: (options) => writeModel(draft(), options),
  };
}

function attributeDraft(value: number | string | readonly number[] | AttributeDraft): AttributeDraft {
  if (typeof value === "number") return Number.isInteger(value) ? { kind: "int", value } : { kind: "float", value };
  if (typeof value === "string") return { kind: "string", value };
  if (isNumbers(value)) return { kind: "ints", value };
  return value;
}

function isNumbers(value: readonly number[] | AttributeDraft): value is readonly number[] {
  return Array.isArray(value);
}

function littleEndian(count: number, width: number, set: (view: DataView, index: number) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(count * width));
  for (let i = 0; i < count; i++) set(view, i);
  return new Uint8Array(view.buffer);
}

/**
 * A source of f32 values made as they are read, so that a model of gigabytes can be built in little memory.
 * Value i depends on the seed and i alone: a sum of four uniform hashes, scaled to the deviation.
 */
function seededNormals(size: number, deviation: number, seed: number): { readonly size: number; read(offset: number, length: number): Uint8Array } {
  // A sum of four uniforms on [0, 1) has variance 1/3.
  const scale = deviation * Math.sqrt(3);
  return {
    size,
    read(offset, length) {
      const first = Math.floor(offset / 4);
      const last = Math.ceil(Math.min(offset + length, size) / 4);
      const values = littleEndian(last - first, 4, (view, i) => view.setFloat32(i * 4, (normal(first + i, seed) - 2) * scale, true));
      return values.subarray(offset - first * 4, Math.min(offset + length, size) - first * 4);
    },
  };
}

function normal(index: number, seed: number): number {
  let sum = 0;
  let state = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
  for (let i = 0; i < 4; i++) {
    // The finaliser of MurmurHash3: every input bit reaches every output bit.
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    state ^= state >>> 16;
    sum += (state >>> 0) / 2 ** 32;
  }
  return sum;
}
