/** The nodes of one stage as tensor sharding sees them: which compute, which only prepare weights, who uses what. */
import { evaluateDim, freeNames } from "../../../language/tensor/evaluate-dim.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { computeCost } from "../../onnx/cost/model-cost.ts";
import { elementCount } from "../../onnx/check-tensors.ts";
import { elemTypeBytes } from "../../onnx/elem-types.ts";
import { knownElementsMax, valueOfTensor, type KnownValue } from "../../onnx/infer/known-value.ts";
import { readTensor } from "../../onnx/read-tensor.ts";
import type { Node, TensorRef } from "../../onnx/model-graph.ts";
import { findStructure } from "../../onnx/structure.ts";
import { capturesOf, subgraphsOf } from "../../onnx/walk.ts";
import type { GraphIndex } from "../graph-index.ts";
import type { ShardStage } from "../shard-set.ts";

export interface PartGraph {
  readonly index: GraphIndex;
  readonly stage: ShardStage;
  /** Nodes that compute, producers first. */
  readonly nodes: readonly Node[];
  /** Nodes that follow from weights alone. */
  readonly constants: ReadonlySet<Node>;
  isConstant(name: string): boolean;
  shape(name: string): readonly Dim[] | undefined;
  /** The value of a small tensor, as far as it is known. */
  value(name: string): KnownValue | undefined;
  /** Nodes of the stage that read a value themselves. */
  users(name: string): readonly Node[];
  /** Names that must be whole under their own name: outputs of the stage, and what subgraphs capture. */
  readonly wholes: ReadonlySet<string>;
  /** The initializer or constant that a value is, if it is one, not computed. */
  tensor(name: string): TensorRef | undefined;
  flops(node: Node): number;
  blockOf(node: Node): string;
}

/** What all stages of a model share. */
export interface ModelFacts {
  readonly index: GraphIndex;
  readonly flops: ReadonlyMap<Node, number>;
  readonly blocks: ReadonlyMap<Node, string>;
  readonly tensors: ReadonlyMap<string, TensorRef>;
}

/** What symbolic dimensions count as. */
const nominalDim = 32;

export function modelFacts(index: GraphIndex): ModelFacts {
  const { model, inferred } = index;
  const tensors = new Map(model.graph.initializers.map((tensor) => [tensor.name, tensor]));
  for (const node of model.graph.nodes) {
    const value = node.op === "Constant" && node.domain === "" ? node.attributes.get("value") : undefined;
    if (value?.kind === "tensor") tensors.set(node.outputs[0] ?? "", value.value);
  }
  const cost = computeCost(model, inferred);
  const nominal = (dim: Dim): number => Math.max(0, evaluateDim(dim, new Map([...freeNames(dim)].map((name) => [name, nominalDim]))) ?? 0);
  return { index, tensors, flops: new Map(cost.nodes.map((own) => [own.node, nominal(own.flops)])), blocks: findStructure(model.graph).blockOf };
}

export function partGraph({ index, flops, blocks, tensors }: ModelFacts, stage: ShardStage): PartGraph {
  const constants = new Set(stage.nodes.filter((node) => index.kindOf.get(node) === "constant"));
  const constantNames = new Set([...constants].flatMap((node) => node.outputs));
  const nodes = stage.nodes.filter((node) => !constants.has(node));
  const users = new Map<string, Node[]>();
  for (const node of nodes) {
    for (const name of new Set(node.inputs)) {
      const known = users.get(name);
      if (known) known.push(node);
      else users.set(name, [node]);
    }
  }
  const captured = nodes.flatMap((node) => (subgraphsOf(node).length > 0 ? [...capturesOf(node)] : []));
  return {
    index, stage, nodes, constants,
    isConstant: (name) => index.initializers.has(name) || constantNames.has(name),
    shape(name) {
      const type = index.inferred.types.get(name);
      return type?.kind === "tensor" ? type.shape : undefined;
    },
    value: (name) => index.inferred.values.get(name) ?? readValue(index, tensors.get(name)),
    users: (name) => users.get(name) ?? [],
    wholes: new Set([...stage.outputs, ...captured]),
    tensor: (name) => tensors.get(name),
    flops: (node) => flops.get(node) ?? 0,
    blockOf: (node) => blocks.get(node) ?? "",
  };
}

/** Inference knows the values it had to look at; a rule may need another. */
function readValue(index: GraphIndex, tensor: TensorRef | undefined): KnownValue | undefined {
  const values = tensor && readTensor(index.model.files, tensor, knownElementsMax);
  return tensor && values && valueOfTensor(values, tensor.dtype, tensor.dims);
}

export function tensorBytes(tensor: TensorRef): number {
  return elemTypeBytes(tensor.dtype, elementCount(tensor.dims));
}
