/** Nodes that shards have and the whole has not: taking apart, putting together, small constants. */
import { bytesRope } from "../../onnx/rope.ts";
import type { ElemType } from "../../onnx/elem-types.ts";
import { codeOfElemType } from "../../onnx/elem-types.ts";
import type { AttributeDraft, NewNode, NewTensor } from "../../onnx/model-draft.ts";

/** Named apart from the whole's nodes: onnxruntime takes no two of one name. */
export function newNode(op: string, inputs: readonly string[], output: string, attributes: Readonly<Record<string, AttributeDraft>> = {}): NewNode {
  return { kind: "new", op, name: `pipec:${output}`, inputs, outputs: [output], attributes };
}

export function intAttributeDraft(value: number): AttributeDraft {
  return { kind: "int", value };
}

/** A rank-1 tensor of 64-bit integers. */
export function integerTensor(name: string, values: readonly number[]): NewTensor {
  const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { kind: "new", name, dtype: "i64", dims: [values.length], data: bytesRope(data) };
}

/** A rank-1 tensor of truth values. */
export function booleanTensor(name: string, values: readonly boolean[]): NewTensor {
  return { kind: "new", name, dtype: "bool", dims: [values.length], data: bytesRope(Uint8Array.from(values, Number)) };
}

export function castTo(dtype: ElemType, input: string, output: string): NewNode {
  return newNode("Cast", [input], output, { to: intAttributeDraft(codeOfElemType(dtype)) });
}
