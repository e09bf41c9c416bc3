/**
 * A model with its weights moved by about what rounding does to the sums they enter. Run beside the model itself, it shows
 * how far rounding alone moves the outputs, and so what another order of additions may do to them.
 *
 * A sum of n products, added up in any order, is the exact sum with each weight times 1 + e, |e| <= n u / (1 - n u), where
 * u is the unit roundoff (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1); rounding errors
 * that are independent leave |e| in the order of sqrt(n) u (Higham and Mary, A New Approach to Probabilistic Rounding
 * Error Analysis, SIAM J. Sci. Comput. 41, 2019). Weights of products are moved, up or down at random, by sqrt(n) / 2 units
 * in their last place, each u to 2 u of the weight; halves by one, for their sums are formed in 32 bits and rounded once.
 */
import type { Dim } from "../../language/tensor/dim.ts";
import { evaluateDim, freeNames } from "../../language/tensor/evaluate-dim.ts";
import type { ByteSource } from "../onnx/byte-source.ts";
import { elementCount } from "../onnx/check-tensors.ts";
import { computeCost } from "../onnx/cost/model-cost.ts";
import { elemTypeBytes, type ElemType } from "../onnx/elem-types.ts";
import type { InferredGraph } from "../onnx/infer/infer-shapes.ts";
import type { ModelDraft, TensorDraft } from "../onnx/model-draft.ts";
import type { ModelGraph, TensorRef } from "../onnx/model-graph.ts";
import { rangeRope } from "../onnx/rope.ts";
import { isProduct } from "./tensor/node-options.ts";
import { denseSource } from "./tensor/slice-weight.ts";

/** The draft of the shaken model; which weights go up is drawn from the seed. Weights in Constant nodes stay as they are. */
export function shakenModel(model: ModelGraph, inferred: InferredGraph, seed: number): ModelDraft {
  const { graph } = model;
  const lengths = sumLengths(model, inferred);
  const copy = <T>(value: T): { readonly kind: "copy"; readonly value: T } => ({ kind: "copy", value });
  return {
    base: model,
    graph: {
      nodes: graph.nodes.map((node) => ({ kind: "copy", node })),
      inputs: graph.inputs.map(copy),
      outputs: graph.outputs.map(copy),
      initializers: graph.initializers.map((tensor, at) => shakenTensor(model, tensor, lengths.get(tensor.name) ?? 0, seed + at)),
    },
  };
}

/** What symbolic dimensions count as; they are in a product's work and in its output alike. */
const nominalDim = 32;

/** Of each weight of a product, the most terms of a sum it is in: half the work for an element of the output. */
function sumLengths(model: ModelGraph, inferred: InferredGraph): ReadonlyMap<string, number> {
  const nominal = (dim: Dim): number => evaluateDim(dim, new Map([...freeNames(dim)].map((name) => [name, nominalDim]))) ?? 0;
  const lengths = new Map<string, number>();
  for (const { node, flops, weights } of computeCost(model, inferred).nodes) {
    const type = inferred.types.get(node.outputs[0] ?? "");
    if (!isProduct(node) || type?.kind !== "tensor" || !type.shape) continue;
    const elements = type.shape.reduce((product, dim) => product * nominal(dim), 1);
    for (const name of weights) lengths.set(name, Math.max(lengths.get(name) ?? 0, nominal(flops) / (2 * Math.max(1, elements))));
  }
  return lengths;
}

interface FloatLayout {
  readonly bytes: 2 | 4;
  readonly fractionBits: number;
  readonly exponentMax: number;
}

const floatLayouts: Partial<Readonly<Record<ElemType, FloatLayout>>> = {
  f32: { bytes: 4, fractionBits: 23, exponentMax: 255 },
  f16: { bytes: 2, fractionBits: 10, exponentMax: 31 },
  bf16: { bytes: 2, fractionBits: 7, exponentMax: 255 },
};

function shakenTensor(model: ModelGraph, tensor: TensorRef, sumLength: number, seed: number): TensorDraft {
  const layout = floatLayouts[tensor.dtype];
  const from = layout && sumLength > 0 ? denseSource(model, tensor) : undefined;
  if (!layout || !from) return { kind: "copy", tensor };
  const size = elemTypeBytes(tensor.dtype, elementCount(tensor.dims));
  const units = layout.bytes === 2 ? 1 : Math.ceil(Math.sqrt(sumLength) / 2);
  const source: ByteSource = {
    size,
    read(offset, length) {
      const bytes = Uint8Array.from(from.source.read(from.offset + offset, Math.min(length, size - offset)));
      shake(bytes, layout, units, seed, offset / layout.bytes);
      return bytes;
    },
  };
  return { kind: "new", name: tensor.name, dtype: tensor.dtype, dims: tensor.dims, data: rangeRope(source, 0, size) };
}

/** Zeros stay, as do what is not finite and what would leave its range: `first` is the position of the first element. */
function shake(bytes: Uint8Array, { bytes: width, fractionBits, exponentMax }: FloatLayout, units: number, seed: number, first: number): void {
  const view = new DataView(bytes.buffer);
  const isNormal = (bits: number): boolean => {
    const exponent = (bits >>> fractionBits) & exponentMax;
    return exponent > 0 && exponent < exponentMax;
  };
  for (let at = 0; at + width <= bytes.length; at += width) {
    const bits = width === 4 ? view.getUint32(at, true) : view.getUint16(at, true);
    const moved = bits + (isUp(seed, first + at / width) ? units : -units);
    if (!isNormal(bits) || !isNormal(moved)) continue;
    if (width === 4) view.setUint32(at, moved, true);
    else view.setUint16(at, moved, true);
  }
}

/** A coin for each seed and position (the finaliser of murmur3). */
function isUp(seed: number, position: number): boolean {
  let mixed = Math.imul(seed, 0x9e3779b1) ^ position;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) & 1) === 1;
}
