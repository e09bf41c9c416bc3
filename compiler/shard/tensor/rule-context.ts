/** What the rule of a node sees of it in a stage. */
import type { Dim } from "../../../language/tensor/dim.ts";
import type { Node } from "../../onnx/model-graph.ts";
import { axisDivisions } from "./axis-divisions.ts";
import type { PartGraph } from "./part-graph.ts";
import type { RuleContext } from "./rule.ts";
import type { TensorState } from "./tensor-state.ts";

/** `stateOf` tells how a value that the node reads lies across the ranks. */
export function ruleContext(part: PartGraph, count: number, node: Node, stateOf: (name: string) => TensorState): RuleContext {
  const { model } = part.index;
  const shapeOf = (name: string | undefined): readonly Dim[] | undefined => (name === undefined || name === "" ? undefined : part.shape(name));
  const divisions = new Map<number, readonly (readonly number[])[]>();
  return {
    node, count,
    opset: model.opsets.get(node.domain) ?? 1,
    inputShape: (i) => shapeOf(node.inputs[i]),
    outputShape: (i) => shapeOf(node.outputs[i]),
    value: (i) => part.value(node.inputs[i] ?? ""),
    isConstant: (i) => part.isConstant(node.inputs[i] ?? ""),
    state: (i) => stateOf(node.inputs[i] ?? ""),
    attribute: (name) => node.attributes.get(name),
    divisions(axis) {
      const view = { shape: part.shape, value: part.value, users: part.users };
      const found = divisions.get(axis) ?? axisDivisions(view, node.outputs[0] ?? "", axis, count);
      divisions.set(axis, found);
      return found;
    },
  };
}
