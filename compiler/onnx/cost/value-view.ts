/** What cost and liveness know of the values visible to the nodes of one graph, outer graphs included. */
import type { InferredScope, NestedScope } from "../infer/infer-shapes.ts";
import { unknownType, type InferredType } from "../infer/inferred-type.ts";
import type { KnownValue } from "../infer/known-value.ts";
import type { Attribute, Node } from "../model-graph.ts";
import { operand, type CostContext, type Operand } from "./cost-rule.ts";

export interface ValueView {
  type(name: string): InferredType;
  value(name: string): KnownValue | undefined;
  operand(name: string): Operand;
  /** Inside a function: the attributes of the call that its nodes may refer to. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  nested(node: Node): readonly NestedScope[];
}

/** A view of a scope; `outer` for the body of a control-flow node, which sees the names around it. */
export function viewScope(scope: InferredScope, outer?: ValueView, attributes: ReadonlyMap<string, Attribute> = new Map()): ValueView {
  const operands = new Map<string, Operand>();
  const type = (name: string): InferredType => scope.types.get(name) ?? outer?.type(name) ?? unknownType;
  return {
    type,
    value: (name) => (scope.types.has(name) ? scope.values.get(name) : outer?.value(name)),
    operand(name) {
      const known = operands.get(name) ?? operandOf(name, type(name));
      operands.set(name, known);
      return known;
    },
    attributes,
    nested: (node) => scope.nested.get(node) ?? [],
  };
}

function operandOf(name: string, type: InferredType): Operand {
  switch (type.kind) {
    case "tensor":
    case "sparseTensor":
      return operand(name, type.dtype, type.shape);
    case "optional":
      return operandOf(name, type.element);
    case "sequence": {
      const dtype = type.element.kind === "tensor" ? type.element.dtype : "undefined";
      return operand(name, dtype, undefined);
    }
    case "map":
    case "unknown":
      return operand(name, "undefined", undefined);
  }
}

export function costContext(node: Node, view: ValueView): CostContext {
  const at = (names: readonly string[], i: number): Operand | undefined => {
    const name = names[i] ?? "";
    return name === "" ? undefined : view.operand(name);
  };
  return {
    node,
    input: (i) => at(node.inputs, i),
    output: (i) => at(node.outputs, i),
    value: (i) => view.value(node.inputs[i] ?? ""),
    attribute(name) {
      const own = node.attributes.get(name);
      return own?.kind === "ref" ? view.attributes.get(own.value) : own;
    },
  };
}
