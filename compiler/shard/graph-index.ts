/**
 * What cutting asks of a graph: who makes a value, what a node uses, and how freely a node may be computed again.
 *
 *  - constant: follows from initializers alone. Computed wherever it is used, since a weight never crosses a cut.
 *  - light: shape arithmetic, and masks made from the model's inputs. Belongs to a stage, may be computed again later.
 *  - pinned: everything else. Computed in its own stage only.
 *
 * Nodes whose outputs nothing needs are left out.
 */
import { evaluateDim, freeNames } from "../../language/tensor/evaluate-dim.ts";
import { operand } from "../onnx/cost/cost-rule.ts";
import { initializerNames } from "../onnx/cost/constants.ts";
import { elementCount } from "../onnx/check-tensors.ts";
import { elemTypeBytes } from "../onnx/elem-types.ts";
import { isConstant } from "../onnx/execution-order.ts";
import type { InferredGraph } from "../onnx/infer/infer-shapes.ts";
import type { Graph, ModelGraph, Node } from "../onnx/model-graph.ts";
import { capturesOf, subgraphsOf } from "../onnx/walk.ts";

export type NodeKind = "constant" | "light" | "pinned";

export interface GraphIndex {
  readonly model: ModelGraph;
  readonly inferred: InferredGraph;
  /** Nodes the outputs need, producers first; file order where that serves. */
  readonly order: readonly Node[];
  readonly kindOf: ReadonlyMap<Node, NodeKind>;
  readonly producer: ReadonlyMap<string, Node>;
  readonly initializers: ReadonlySet<string>;
  /** Names of the inputs a caller feeds. */
  readonly inputs: ReadonlySet<string>;
  /** Names a node uses, each once: its inputs and what its subgraphs capture. */
  usesOf(node: Node): readonly string[];
  /** Producers of what it uses, constants left out. */
  producersOf(node: Node): readonly { readonly value: string; readonly node: Node }[];
  /** Bytes of a value where every free dimension is `nominalDim`. */
  nominalBytes(value: string): number;
}

/** What symbolic dimensions count as where sizes are weighed against each other. */
const nominalDim = 32;

export function indexGraph(model: ModelGraph, inferred: InferredGraph): GraphIndex {
  const { graph } = model;
  const producer = new Map<string, Node>();
  for (const node of graph.nodes) for (const name of node.outputs) if (name !== "") producer.set(name, node);
  const initializers = new Set(initializerNames(graph));
  const inputs = new Set(graph.inputs.map((input) => input.name).filter((name) => !initializers.has(name)));
  const uses = new Map(graph.nodes.map((node) => [node, [...new Set([...node.inputs, ...capturesOf(node)])].filter((name) => name !== "")]));
  const usesOf = (node: Node): readonly string[] => uses.get(node) ?? [];
  const order = inOrder(graph, liveNodes(graph, producer, usesOf), producer, usesOf);
  const kindOf = findKinds(graph, inferred, order, { producer, initializers, inputs, usesOf });
  const bytes = new Map<string, number>();
  return {
    model, inferred, order, kindOf, producer, initializers, inputs, usesOf,
    producersOf: (node) => usesOf(node).flatMap((value) => {
      const from = producer.get(value);
      return from && kindOf.get(from) !== "constant" ? [{ value, node: from }] : [];
    }),
    nominalBytes(value) {
      const known = bytes.get(value) ?? nominalBytesOf(inferred, value);
      bytes.set(value, known);
      return known;
    },
  };
}

function liveNodes(graph: Graph, producer: ReadonlyMap<string, Node>, usesOf: (node: Node) => readonly string[]): ReadonlySet<Node> {
  const live = new Set<Node>();
  const note = (name: string): void => {
    const node = producer.get(name);
    if (node) live.add(node);
  };
  for (const output of graph.outputs) note(output.name);
  for (const node of live) usesOf(node).forEach(note);
  return live;
}

/** Producers before users, otherwise as in the file: a sorted file keeps its order. */
function inOrder(graph: Graph, live: ReadonlySet<Node>, producer: ReadonlyMap<string, Node>, usesOf: (node: Node) => readonly string[]): readonly Node[] {
  const placed = new Set<Node>();
  for (const root of graph.nodes) {
    if (!live.has(root)) continue;
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const missing = placed.has(node) ? [] : usesOf(node).flatMap((name) => producer.get(name) ?? []).filter((from) => !placed.has(from));
      if (missing.length > 0) {
        stack.push(...missing);
        continue;
      }
      stack.pop();
      placed.add(node);
    }
  }
  return [...placed];
}

type Names = Pick<GraphIndex, "producer" | "initializers" | "inputs" | "usesOf">;

/** Shape arithmetic and what masks are made of: cheap per element, and the same whenever computed. */
const lightOps: ReadonlySet<string> = new Set([
  "Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Concat", "ConstantOfShape", "CumSum", "Div", "Equal", "Expand", "Flatten", "Floor", "Gather", "GatherElements", "GatherND", "Greater",
  "GreaterOrEqual", "Identity", "IsNaN", "Less", "LessOrEqual", "Max", "Min", "Mod", "Mul", "Neg", "Not", "OneHot", "Or", "Range", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape",
  "ScatterElements", "ScatterND", "Shape", "Size", "Slice", "Split", "Squeeze", "Sub", "Tile", "Transpose", "Trilu", "Unsqueeze", "Where", "Xor",
]);
/** A node that needs more weight than this is not computed twice. */
const lightWeightBytesMax = 4096;

function findKinds(graph: Graph, inferred: InferredGraph, order: readonly Node[], names: Names): ReadonlyMap<Node, NodeKind> {
  const kinds = new Map<Node, NodeKind>();
  const weightBytes = weightSizes(graph);
  const isConstantValue = (name: string): boolean => {
    const from = names.producer.get(name);
    return names.initializers.has(name) || (from !== undefined && kinds.get(from) === "constant");
  };
  const fromInputs = new Set<Node>();
  for (const node of order) {
    const uses = names.usesOf(node);
    if (isRepeatable(node) && uses.every(isConstantValue)) {
      kinds.set(node, "constant");
      node.outputs.forEach((name) => weightBytes.set(name, uses.reduce((sum, use) => sum + (weightBytes.get(use) ?? 0), weightBytes.get(name) ?? 0)));
      continue;
    }
    const weight = uses.reduce((sum, name) => sum + (isConstantValue(name) ? (weightBytes.get(name) ?? 0) : 0), 0);
    const mayRepeat = node.domain === "" && lightOps.has(node.op) && weight <= lightWeightBytesMax;
    const fromShapes = mayRepeat && node.outputs.every((name) => name === "" || inferred.values.has(name));
    const made = uses.filter((name) => !isConstantValue(name)).map((name) => names.producer.get(name));
    const followsInputs = mayRepeat && made.every((from) => from === undefined || fromInputs.has(from));
    if (fromShapes || followsInputs) fromInputs.add(node);
    kinds.set(node, fromShapes || followsInputs ? "light" : "pinned");
  }
  return kinds;
}

/** Bytes of initializers and of tensors in Constant nodes. */
function weightSizes(graph: Graph): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const tensor of graph.initializers) sizes.set(tensor.name, elemTypeBytes(tensor.dtype, elementCount(tensor.dims)));
  for (const { values } of graph.sparseInitializers) sizes.set(values.name, elemTypeBytes(values.dtype, elementCount(values.dims)));
  for (const node of graph.nodes) {
    const value = isConstant(node) ? node.attributes.get("value") : undefined;
    if (value?.kind === "tensor") sizes.set(node.outputs[0] ?? "", elemTypeBytes(value.value.dtype, elementCount(value.value.dims)));
  }
  return sizes;
}

/** Whether a node gives the same whenever it runs on the same. */
function isRepeatable(node: Node): boolean {
  const isStandard = node.domain === "" || node.domain === "com.microsoft" || node.domain === "ai.onnx.ml";
  const isRandom = node.op.startsWith("Random") || node.op === "Bernoulli" || node.op === "Multinomial" || (node.op === "Dropout" && node.inputs.length > 2);
  return isStandard && !isRandom && subgraphsOf(node).length === 0;
}

function nominalBytesOf(inferred: InferredGraph, name: string): number {
  const type = inferred.types.get(name);
  if (type?.kind !== "tensor") return 0;
  const { bytes } = operand(name, type.dtype, type.shape);
  const bindings = new Map([...freeNames(bytes)].map((free) => [free, nominalDim]));
  return Math.max(0, evaluateDim(bytes, bindings) ?? 0);
}
