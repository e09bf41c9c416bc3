/** The share of a weight that one rank holds, as ranges of the file it lies in: nothing is read until it is written. */
import { dimOf } from "../../../language/tensor/dim.ts";
import { elementCount } from "../../onnx/check-tensors.ts";
import { elemTypeBits, elemTypeBytes } from "../../onnx/elem-types.ts";
import type { NewTensor } from "../../onnx/model-draft.ts";
import type { ModelGraph, TensorRef } from "../../onnx/model-graph.ts";
import { readTensorBytes } from "../../onnx/read-tensor.ts";
import { bytesSource, type ByteSource } from "../../onnx/byte-source.ts";
import { joinRopes, stridedRope, type Rope } from "../../onnx/rope.ts";
import { tensorRope } from "../../onnx/write-model.ts";
import { stretches, type ShardState } from "./tensor-state.ts";

/** The share of rank `rank` of `count`; undefined for elements that are no whole bytes, or values that are missing. */
export function sliceWeight(model: ModelGraph, tensor: TensorRef, name: string, state: ShardState, rank: number, count: number): NewTensor | undefined {
  const bits = elemTypeBits(tensor.dtype);
  const length = tensor.dims[state.axis];
  if (bits < 8 || tensor.dtype === "string" || length === undefined) return undefined;
  const from = denseSource(model, tensor);
  const runs = stretches(state.runs, dimOf(length));
  if (!from || !runs) return undefined;
  const inner = (elementCount(tensor.dims.slice(state.axis + 1)) * bits) / 8;
  const outer = elementCount(tensor.dims.slice(0, state.axis));
  const parts = runs.map((run) => ({ offset: (run.start + (run.length / count) * rank) * inner, bytes: (run.length / count) * inner }));
  const dims = tensor.dims.map((dim, axis) => (axis === state.axis ? dim / count : dim));
  return { kind: "new", name, dtype: tensor.dtype, dims, data: strided(from, parts, outer, length * inner) };
}

interface Part {
  readonly offset: number;
  readonly bytes: number;
}

/** `outer` rows of `rowBytes`, of each some parts. Equal parts at equal distances are one piece. */
function strided(from: { readonly source: ByteSource; readonly offset: number }, parts: readonly Part[], outer: number, rowBytes: number): Rope {
  const [first] = parts;
  if (!first) return joinRopes([]);
  const stride = rowBytes / parts.length;
  const isEven = parts.every(({ offset, bytes }, i) => bytes === first.bytes && offset === first.offset + i * stride);
  if (isEven) return stridedRope(from.source, from.offset + first.offset, first.bytes, outer * parts.length, stride);
  return joinRopes(Array.from({ length: outer }, (_, row) => parts.map(({ offset, bytes }) => stridedRope(from.source, from.offset + row * rowBytes + offset, bytes, 1, bytes))).flat());
}

/** Where the values lie one after the other; those in typed fields are decoded. */
export function denseSource(model: ModelGraph, tensor: TensorRef): { readonly source: ByteSource; readonly offset: number } | undefined {
  const rope = tensorRope(model, tensor);
  const [piece] = rope?.pieces ?? [];
  if (piece && !(piece instanceof Uint8Array) && rope?.pieces.length === 1) return { source: piece.source, offset: piece.offset };
  const bytes = readTensorBytes(model.files, tensor, elemTypeBytes(tensor.dtype, elementCount(tensor.dims)));
  return bytes && { source: bytesSource(bytes), offset: 0 };
}
