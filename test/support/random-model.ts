/** Random ONNX models: any known operator over any inputs and attributes, most of them nonsense. */
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { knownOperators } from "../../compiler/onnx/infer/registry.ts";
import type { AttributeDraft, GraphDraft } from "../../compiler/onnx/model-draft.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";
import type { Random } from "./random.ts";

const operators = [...knownOperators()].flatMap(([domain, names]) => names.map((op) => ({ domain, op })));
const attributeNames = [
  "axis", "axes", "keepdims", "perm", "to", "num_outputs", "split", "pads", "strides", "dilations", "kernel_shape", "group", "auto_pad", "ceil_mode",
  "blocksize", "k", "starts", "ends", "batch_dims", "equation", "hidden_size", "direction", "layout", "num_heads", "kv_num_heads", "q_num_heads",
  "output_shape", "output_padding", "value_int", "value_ints", "dtype", "shape", "allowzero", "transA", "transB", "sample_size", "onesided", "inverse",
  "scales", "mode", "keep_aspect_ratio_policy", "n_targets", "ngram_indexes", "stash_type", "body", "then_branch", "else_branch", "num_scan_inputs",
  "new_axis", "N", "K", "bits", "channels_last", "qkv_hidden_sizes", "channels", "value", "start", "end", "noop_with_empty_axes",
];
const numbers = [0, 1, 2, 3, 4, 7, -1, -2, -9, 64, 1_000_000, 2 ** 31 - 1, -(2 ** 31), Number.MAX_SAFE_INTEGER] as const;

function randomDims(random: Random): readonly (number | string | null)[] {
  const dims: readonly [number | string | null, ...(number | string | null)[]] = ["N", "S", 1, 2, 3, 4, 8, 0, null, 1_000_000_007];
  return Array.from({ length: random.integer(6) }, () => random.pick(dims));
}

function randomAttribute(random: Random, depth: number): AttributeDraft {
  const list = (): readonly number[] => Array.from({ length: random.integer(6) }, () => random.pick(numbers));
  switch (random.integer(depth > 0 ? 7 : 6)) {
    case 0:
      return { kind: "ints", value: list() };
    case 1:
      return { kind: "float", value: random.integer(100) / 7 };
    case 2:
      return { kind: "string", value: random.pick(["SAME_UPPER", "VALID", "bidirectional", "ij,jk->ik", "...i,i", "none", "not_larger", "i->", "..."]) };
    case 3:
      return { kind: "floats", value: list() };
    case 6:
      return { kind: "graph", value: randomBody(random, depth - 1) };
    default:
      return { kind: "int", value: random.pick(numbers) };
  }
}

function randomBody(random: Random, depth: number): GraphDraft {
  const builder = createModelBuilder(18);
  const names = [builder.input(`in_${random.integer(1e9)}`, "f32", randomDims(random)), builder.input(`in_${random.integer(1e9)}`, "bool", [])];
  for (let i = 0; i < 3; i++) addNode(random, builder, names, depth);
  for (const name of names.slice(1)) builder.output(name, "f32", []);
  return builder.draft().graph;
}

function addNode(random: Random, builder: ModelBuilder, names: string[], depth: number): void {
  const [first, ...rest] = operators;
  const { op, domain } = random.pick([first, ...rest]);
  const inputs = Array.from({ length: random.integer(6) }, () => (random.integer(6) === 0 ? "" : names[random.integer(names.length)]));
  const [name, ...others] = attributeNames;
  const attributes = Object.fromEntries(Array.from({ length: random.integer(8) }, () => [random.pick([name, ...others]), randomAttribute(random, depth)]));
  const outputs = Array.from({ length: 1 + random.integer(3) }, () => `v_${random.integer(1e9)}`);
  builder.node(op, inputs, attributes, { domain, outputs });
  names.push(...outputs);
}

/** The bytes of a model of 25 nodes. */
export function randomModel(random: Random): Uint8Array {
  const builder = createModelBuilder(new Map([["", 7 + random.integer(20)], ["com.microsoft", 1], ["ai.onnx.ml", 1 + random.integer(5)]]));
  const names: string[] = [];
  for (let i = 0; i < 4; i++) names.push(builder.input(`x_${i}`, random.pick(["f32", "i64", "bool", "string", "u8"]), randomDims(random)));
  for (let i = 0; i < 4; i++) {
    const values = Array.from({ length: random.integer(5) }, () => random.pick(numbers));
    names.push(builder.ints(`c_${i}`, [values.length], values));
  }
  names.push(builder.ints("scalar", [], [random.pick(numbers)]), builder.floats("floats", [2], [0.5, Number.NaN]));
  for (let i = 0; i < 25; i++) addNode(random, builder, names, 2);
  builder.output(names[names.length - 1], "f32", randomDims(random));
  return ropeBytes(builder.build().model);
}
