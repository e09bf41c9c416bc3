/**
 * From a model and what the program says of its inputs to `ModelWork`: shapes are inferred once with symbolic
 * dimensions, every cost is then evaluated at each batch size and row length.
 */
import { addDims, type Dim } from "../../../language/tensor/dim.ts";
import { evaluateDim, freeNames, type Bindings } from "../../../language/tensor/evaluate-dim.ts";
import { computeCost, type ModelCost, type NodeCost } from "../../onnx/cost/model-cost.ts";
import { viewScope } from "../../onnx/cost/value-view.ts";
import { inferShapes, type InferredGraph } from "../../onnx/infer/infer-shapes.ts";
import type { ElemType } from "../../onnx/elem-types.ts";
import type { ModelGraph, Node } from "../../onnx/model-graph.ts";
import { findStructure } from "../../onnx/structure.ts";
import { capturesOf } from "../../onnx/walk.ts";
import type { ModelWork, RateName, WorkNode, WorkPoint, WorkValue } from "./model-work.ts";

/** What decides the numbers: shapes of inputs by port, batch sizes, row lengths. */
export interface WorkRequest {
  readonly name: string;
  readonly inputShapes: ReadonlyMap<string, readonly Dim[]>;
  /** The name that stands for the batch in `inputShapes`. */
  readonly batchName: string;
  /** Ascending. */
  readonly batches: readonly number[];
  /** Values of the other names, and how many rows have them. At least one. */
  readonly buckets: readonly { readonly share: number; readonly dims: Bindings }[];
}

/** What a dimension that only data decides is taken as. */
const UNKNOWN_DIM = 64;

export function workOfModel(model: ModelGraph, request: WorkRequest): ModelWork {
  const inferred = inferShapes(model, { inputShapes: request.inputShapes });
  const cost = computeCost(model, inferred);
  const points = request.batches.flatMap((batch) => request.buckets.map(({ share }): WorkPoint => ({ batch, share })));
  const assumed = new Set<string>();
  const bindings = request.batches.flatMap((batch) => request.buckets.map(({ dims }) => new Map<string, number | bigint>([...dims, [request.batchName, batch]])));
  const evaluate = (dim: Dim): readonly number[] => bindings.map((values) => evaluateAt(dim, values, assumed));
  const { order } = cost.liveness;
  const values = collectValues(model, inferred, order, evaluate);
  const weights = [...cost.weightBytes].map(([name, bytes]) => ({ name, bytes }));
  const nodes = describeNodes(model, inferred, cost, values, evaluate);
  const assumes = [...assumed].sort().map((name) => `dimension ${name} of ${request.name} is ${UNKNOWN_DIM}`);
  return { name: request.name, points, nodes, values: values.list, weights, assumes: assumes.slice(0, 8) };
}

/** The value under the bindings; names without one (sizes that only data decides) count as `UNKNOWN_DIM`. */
function evaluateAt(dim: Dim, bindings: Map<string, number | bigint>, assumed: Set<string>): number {
  const known = evaluateDim(dim, bindings);
  if (known !== undefined) return Math.max(0, known);
  for (const name of freeNames(dim)) {
    if (bindings.has(name)) continue;
    assumed.add(name);
    bindings.set(name, UNKNOWN_DIM);
  }
  return Math.max(0, evaluateDim(dim, bindings) ?? 0);
}

interface Values {
  readonly list: readonly WorkValue[];
  readonly indexOf: ReadonlyMap<string, number>;
}

function collectValues(model: ModelGraph, inferred: InferredGraph, order: readonly Node[], evaluate: (dim: Dim) => readonly number[]): Values {
  const view = viewScope(inferred);
  const lastUse = new Map<string, number>();
  order.forEach((node, at) => [...node.inputs, ...capturesOf(node)].forEach((name) => lastUse.set(name, at)));
  for (const output of model.graph.outputs) lastUse.set(output.name, order.length);
  const initializers = new Set(model.graph.initializers.map((tensor) => tensor.name));
  const made = [
    ...model.graph.inputs.filter((input) => !initializers.has(input.name)).map((input) => ({ name: input.name, from: -1 })),
    ...order.flatMap((node, from) => node.outputs.filter((name) => name !== "").map((name) => ({ name, from }))),
  ];
  const list = made.map(({ name, from }): WorkValue => ({
    name,
    from,
    lastUse: lastUse.get(name) ?? from,
    bytes: evaluate(view.operand(name).bytes),
    cloned: from >= 0 && inferred.values.has(name),
  }));
  return { list, indexOf: new Map(list.map((value, index) => [value.name, index])) };
}

function describeNodes(model: ModelGraph, inferred: InferredGraph, cost: ModelCost, values: Values, evaluate: (dim: Dim) => readonly number[]): readonly WorkNode[] {
  const { blockOf } = findStructure(model.graph);
  const costOf = new Map(cost.nodes.map((entry) => [entry.node, entry]));
  const weightIndex = new Map([...cost.weightBytes.keys()].map((name, index) => [name, index]));
  const indices = (names: readonly string[]): readonly number[] => [...new Set(names)].flatMap((name) => values.indexOf.get(name) ?? []);
  return cost.liveness.order.map((node, at) => {
    const own = costOf.get(node);
    if (own === undefined) throw new Error(`node ${node.name} has no cost`);
    return {
      name: node.name,
      op: node.op,
      block: blockOf.get(node) ?? "all",
      rate: rateOf(node, own, inferred),
      flops: evaluate(own.flops),
      bytes: evaluate(addDims(own.bytesRead, own.bytesWritten)),
      kernels: evaluate(own.kernels)[0] ?? 0,
      weights: own.weights.flatMap((name) => weightIndex.get(name) ?? []),
      inputs: indices([...node.inputs, ...capturesOf(node)]),
      outputs: indices(node.outputs),
      liveBytes: evaluate(cost.liveness.bytesAt[at] ?? own.workspaceBytes),
    };
  });
}

/** Contractions that run on tensor cores; the execution provider lets them take f32 as TF32 where the device has it. */
const contractions = new Set(["MatMul", "Gemm", "Conv", "ConvTranspose", "FusedMatMul", "FusedConv", "Attention", "MultiHeadAttention", "LSTM", "GRU", "Einsum"]);

export function isContraction(op: string): boolean {
  return contractions.has(op) || /^(QLinear|Nhwc|Fused)?(Conv|MatMul|Gemm)|^(MatMul|Conv)(Integer|NBits)/.test(op);
}

function rateOf(node: Node, cost: NodeCost, inferred: InferredGraph): RateName {
  if (/Integer$|^QLinear|^QGemm/.test(node.op)) return "i8";
  const type = inferred.types.get(node.outputs[0] ?? "");
  const dtype: ElemType = type?.kind === "tensor" ? type.dtype : "undefined";
  switch (dtype) {
    case "f16":
      return "f16";
    case "bf16":
      return "bf16";
    default:
      return isContraction(cost.node.op) ? "tf32" : "f32";
  }
}

