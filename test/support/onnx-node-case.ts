/** One node run in onnxruntime at several sizes, against what inference says for all of them at once. */
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { Attributes } from "../../compiler/onnx/build-model.ts";
import type { ElemType } from "../../compiler/onnx/elem-types.ts";
import { inferShapes } from "../../compiler/onnx/infer/infer-shapes.ts";
import { unknownType } from "../../compiler/onnx/infer/inferred-type.ts";
import { readSound } from "./onnx-models.ts";
import { mismatch } from "./compare-inferred.ts";
import { runAll } from "./onnx-run.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";

export interface NodeCase {
  /** `domain.Op` or `Op`. */
  readonly op: string;
  readonly opset?: number;
  /**
   * `f32[N, 3]`: an input at run time, `mask:i64[N, S]`: one with a name that says what its values are like,
   * `i64[2]=1, -1`: a constant, ``: left out.
   */
  readonly inputs: readonly string[];
  readonly attributes?: Attributes;
  /** Outputs asked for, `0` for those left out; the first by default. */
  readonly outputs?: readonly (0 | 1)[];
  /** Whether dimensions may depend on data. */
  readonly dataDependent?: boolean;
  readonly sizes?: readonly Readonly<Record<string, number>>[];
}

const defaultSizes: readonly Readonly<Record<string, number>>[] = [
  { N: 2, S: 5, H: 9, W: 12, P: 3 },
  { N: 1, S: 8, H: 16, W: 7, P: 1 },
  { N: 3, S: 1, H: 11, W: 11, P: 6 },
];

/** What differs between inference and onnxruntime; empty if nothing does. */
export async function nodeProblems(given: NodeCase): Promise<readonly string[]> {
  const bytes = bytesOf(given);
  const model = readSound("case", bytes);
  const inferred = inferShapes(model);
  const problems = inferred.diagnostics.map((diagnostic) => `${diagnostic.code} ${diagnostic.message}`);
  if (given.dataDependent !== true && inferred.freshDims.size > 0) problems.push(`fresh dimensions ${[...inferred.freshDims.keys()].join(", ")}`);
  for (const size of given.sizes ?? defaultSizes) {
    const bindings = new Map(Object.entries(size));
    for (const [name, found] of await runAll(bytes, model, bindings)) {
      const comparison = { bindings: new Map(bindings), freshDims: inferred.freshDims, excepted: new Set<string>() };
      const problem = mismatch(inferred.types.get(name) ?? unknownType, { kind: "tensor", dtype: found.dtype, dims: found.dims }, comparison);
      if (problem) problems.push(`${JSON.stringify(size)} ${name}: ${problem}`);
    }
  }
  return problems;
}

function bytesOf(given: NodeCase): Uint8Array {
  const [op, ...domain] = given.op.split(".").reverse();
  const builder = createModelBuilder(new Map([["", given.opset ?? 18], ["com.microsoft", 1], ["ai.onnx.ml", 3]]));
  const inputs = given.inputs.map((text, i) => {
    if (text === "") return "";
    const [, label, dtype, dimTexts, , values] = /^(?:(\w+):)?(\w+)\[([^\]]*)\](=(.*))?$/.exec(text) ?? [];
    const dims = dimTexts.split(",").map((dim) => dim.trim()).filter((dim) => dim !== "").map((dim) => (/^\d+$/.test(dim) ? Number(dim) : dim));
    const name = `${label ?? "x"}_${i}`;
    if (values === undefined) return builder.input(name, elemTypeOf(dtype), dims);
    const numbers = values.split(",").map(Number);
    const count = dims.reduce<number>((product, dim) => product * Number(dim), 1);
    return builder.tensor(name, elemTypeOf(dtype), dims.map(Number), constantBytes(dtype, Array.from({ length: count }, (_, at) => numbers[at % numbers.length])));
  });
  const outputs = (given.outputs ?? [1]).map((wanted, i) => (wanted === 1 ? `y_${i}` : ""));
  builder.node(op, inputs, given.attributes, { domain: domain.reverse().join("."), outputs });
  return ropeBytes(builder.build().model);
}

const elemTypes: readonly ElemType[] = ["f32", "i64", "i32", "u8", "i8", "bool", "string"];

function elemTypeOf(name: string): ElemType {
  const found = elemTypes.find((type) => type === name);
  if (!found) throw new Error(`no case has inputs of type ${name}`);
  return found;
}

function constantBytes(dtype: string, values: readonly number[]): Uint8Array {
  switch (dtype) {
    case "i64":
      return new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    case "i32":
      return new Uint8Array(Int32Array.from(values).buffer);
    case "f32":
      return new Uint8Array(Float32Array.from(values).buffer);
    default:
      return Uint8Array.from(values);
  }
}
