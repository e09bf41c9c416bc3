/**
 * The walk: visits the nodes of a graph so that every value is defined before it is used, and hands each to its rule,
 * or into the body of the function it calls.
 */
import { onnxInferCodes } from "../../../language/diagnostics/codes/onnx-infer.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import type { ModelFiles } from "../byte-source.ts";
import { freeNames } from "../../../language/tensor/evaluate-dim.ts";
import { describeNode, quoteName, reportInModel } from "../model-diagnostics.ts";
import type { Attribute, Graph, LocalFunction, Node, TensorRef, ValueInfo } from "../model-graph.ts";
import { readTensor } from "../read-tensor.ts";
import { capturesOf, functionKey } from "../walk.ts";
import { contradiction, readDeclared } from "./declared-type.ts";
import type { FreshDim, InferOptions, InferredScope, NestedScope } from "./inferred-graph.ts";
import { unknownType } from "./inferred-type.ts";
import type { InferredType, Shape } from "./inferred-type.ts";
import { knownElementsMax, knowsSomething, valueOfTensor } from "./known-value.ts";
import type { KnownValue } from "./known-value.ts";
import { findRule } from "./registry.ts";
import { isLongDim, unknownOutput } from "./rule.ts";
import type { Output, RuleContext } from "./rule.ts";
import { isInteger, isRatio } from "./scalar.ts";
import type { MaybeScalar } from "./scalar.ts";
import { createScope, defineInitializer, isDefinedIn, typeIn, valueIn } from "./scope.ts";
import type { Scope } from "./scope.ts";

/** What one run of inference shares. */
export interface Session {
  readonly files: ModelFiles;
  readonly functions: ReadonlyMap<string, LocalFunction>;
  readonly options: InferOptions;
  readonly declared: Set<string>;
  readonly freshDims: ReadonlyMap<string, FreshDim>;
  nodesLeft: number;
  /** Above 0 while a loop body is tried with types that may not last. */
  muted: number;
  fresh(hint: string, origin: FreshDim): Dim;
  symbol(name: string): Dim;
  report(diagnostic: Diagnostic): void;
}

/** What the nodes of one graph or function body share. */
export interface Frame {
  readonly session: Session;
  readonly opsets: ReadonlyMap<string, number>;
  /** Inside a function: the attributes of the call. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Inside a function: its name, for messages. */
  readonly where: string;
}

/** Infers a graph. `inputs` gives a subgraph's inputs by position; the main graph takes them as declared. */
export function inferGraph(frame: Frame, graph: Graph, inputs?: readonly Output[], outer?: Scope): InferredScope {
  const scope = createScope(outer);
  for (const ref of graph.initializers) defineInitializer(scope, ref);
  for (const sparse of graph.sparseInitializers) {
    defineInitializer(scope, { ...sparse.values, dims: sparse.dims, data: { kind: "none" } });
  }
  graph.inputs.forEach((info, i) => defineInput(frame, scope, info, inputs?.[i], outer === undefined));
  const nested = inferNodes(frame, scope, graph.nodes, declaredTypes(frame, graph, outer === undefined));
  if (outer === undefined && frame.session.options.declarations !== "ignore") checkDeclared(frame, scope, graph);
  return { types: scope.types, values: scope.values, nested };
}

/** The types and values of a graph's outputs after `inferGraph`; names of outer graphs are allowed. */
function outputsOf(scope: InferredScope, graph: Graph, outer: Scope): readonly Output[] {
  return graph.outputs.map(({ name }) => {
    const own = scope.types.get(name);
    const value = own ? scope.values.get(name) : undefined;
    return { type: own ?? typeIn(outer, name), ...(value ? { value } : {}) };
  });
}

function defineInput(frame: Frame, scope: Scope, info: ValueInfo, given: Output | undefined, isMain: boolean): void {
  const { session } = frame;
  if (scope.types.has(info.name)) return; // an initializer gives this input its value
  if (given) {
    // A body's input may declare what the rule does not know.
    scope.types.set(info.name, given.type.kind === "unknown" ? readInfo(frame, info) : given.type);
    if (given.value) scope.values.set(info.name, given.value);
    return;
  }
  const declared = readInfo(frame, info);
  const shape = isMain ? session.options.inputShapes?.get(info.name) : undefined;
  scope.types.set(info.name, shape && declared.kind === "tensor" ? { ...declared, shape } : declared);
  const value = isMain ? session.options.inputValues?.get(info.name) : undefined;
  if (value) scope.values.set(info.name, value);
}

function readInfo(frame: Frame, info: ValueInfo): InferredType {
  const { session } = frame;
  const nameless = (): Dim => session.fresh("dim", { op: "input", place: info.name });
  // Elements of a sequence may differ in a dimension that has a name.
  const symbol = info.type.kind === "tensor" ? session.symbol : nameless;
  return readDeclared(info.type, { symbol, nameless });
}

/** Declared types of the main graph's values, for what inference cannot tell. */
function declaredTypes(frame: Frame, graph: Graph, isMain: boolean): ReadonlyMap<string, ValueInfo> {
  if (!isMain || frame.session.options.declarations === "ignore") return new Map();
  return new Map([...graph.valueInfo, ...graph.outputs].map((info) => [info.name, info]));
}

function checkDeclared(frame: Frame, scope: Scope, graph: Graph): void {
  const { session } = frame;
  const check = (info: ValueInfo, code: typeof onnxInferCodes.outputContradiction): void => {
    const type = scope.types.get(info.name);
    const what = type && contradiction(info.type, type);
    if (what) session.report(reportInModel(code, { value: quoteName(info.name), what }));
  };
  for (const info of graph.outputs) check(info, onnxInferCodes.outputContradiction);
  for (const info of graph.valueInfo) check(info, onnxInferCodes.valueContradiction);
}

type NestedScopes = ReadonlyMap<Node, readonly NestedScope[]>;

function inferNodes(frame: Frame, scope: Scope, nodes: readonly Node[], declared: ReadonlyMap<string, ValueInfo>): NestedScopes {
  const nested = new Map<Node, NestedScope[]>();
  for (const node of inOrder(nodes)) {
    const outputs = frame.session.nodesLeft-- > 0 ? inferNode(frame, scope, node, nested) : [];
    node.outputs.forEach((name, i) => {
      if (name !== "") define(frame, scope, node, name, outputs[i] ?? unknownOutput, declared.get(name));
    });
  }
  return nested;
}

/** Nodes so that producers come before users; file order where it serves (files are sorted, save broken ones). */
function inOrder(nodes: readonly Node[]): readonly Node[] {
  const producer = new Map<string, Node>();
  for (const node of nodes) for (const name of node.outputs) if (name !== "") producer.set(name, node);
  const placed = new Set<Node>();
  const needs = (node: Node): readonly Node[] =>
    [...node.inputs, ...capturesOf(node)].flatMap((name) => {
      const from = producer.get(name);
      return from && from !== node && !placed.has(from) ? [from] : [];
    });
  const order: Node[] = [];
  const open = new Set<Node>();
  for (const root of nodes) {
    const stack = [root];
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const missing = placed.has(node) || open.has(node) ? [] : needs(node).filter((need) => !open.has(need));
      if (missing.length > 0) {
        open.add(node);
        stack.push(...missing);
        continue;
      }
      stack.pop();
      open.delete(node);
      if (!placed.has(node)) order.push(node);
      placed.add(node);
    }
  }
  return order;
}

function define(frame: Frame, scope: Scope, node: Node, name: string, output: Output, declared: ValueInfo | undefined): void {
  const fresh = (): Dim => freshFor(frame, node);
  let type = limitType(output.type, fresh);
  if (declared && isVague(type)) {
    const stated = readDeclared(declared.type, { symbol: frame.session.symbol, nameless: fresh });
    if (!isVague(stated)) {
      type = stated;
      frame.session.declared.add(name);
    }
  }
  scope.types.set(name, type);
  if (output.value && output.value.elements.length <= knownElementsMax) scope.values.set(name, limitValue(output.value));
}

/** Whether a declaration could add to the type. */
function isVague(type: InferredType): boolean {
  return type.kind === "unknown" || (type.kind === "tensor" && (type.shape === undefined || type.dtype === "undefined"));
}

function limitType(type: InferredType, fresh: () => Dim): InferredType {
  if (type.kind !== "tensor" || !type.shape?.some(isLongDim)) return type;
  return { ...type, shape: limitShape(type.shape, fresh) };
}

function limitShape(shape: Shape, fresh: () => Dim): Shape {
  return shape.map((dim) => (isLongDim(dim) ? fresh() : dim));
}

function limitValue(value: KnownValue): KnownValue {
  if (!value.elements.some(isLongScalar)) return value;
  return { dims: value.dims, elements: value.elements.map((element) => (isLongScalar(element) ? undefined : element)) };
}

function isLongScalar(element: MaybeScalar): boolean {
  return (isInteger(element) && isLongDim(element)) || (isRatio(element) && isLongDim(element.numerator));
}

function freshFor(frame: Frame, node: Node): Dim {
  const hint = node.op.toLowerCase().replace(/[^a-z0-9]/g, "") || "dim";
  return frame.session.fresh(hint, { op: node.op, place: node.name });
}

function inferNode(frame: Frame, scope: Scope, node: Node, nested: Map<Node, NestedScope[]>): readonly Output[] {
  const called = frame.session.functions.get(functionKey(node.domain, node.op, node.overload));
  nested.delete(node);
  if (called) return inferCall(frame, scope, node, called, nested);
  const opset = frame.opsets.get(node.domain) ?? 1;
  const rule = findRule(node.domain, node.op, opset);
  if (!rule) {
    const op = node.domain === "" ? node.op : `${node.domain}.${node.op}`;
    frame.session.report(
      reportInModel(onnxInferCodes.operatorUnknown, { node: placeOf(frame, node), op: quoteName(op), version: ` of version ${opset}` }),
    );
    return [];
  }
  return rule(createContext(frame, scope, node, opset, nested));
}

function placeOf(frame: Frame, node: Node): string {
  return frame.where === "" ? describeNode(node) : `${describeNode(node)} of function ${quoteName(frame.where)}`;
}

function inferCall(frame: Frame, scope: Scope, node: Node, fn: LocalFunction, nested: Map<Node, NestedScope[]>): readonly Output[] {
  const { session } = frame;
  const attributes = new Map(fn.attributeDefaults);
  for (const [name, attribute] of node.attributes) {
    const given = attribute.kind === "ref" ? frame.attributes.get(attribute.value) : attribute;
    if (given) attributes.set(name, given);
  }
  const body = createScope();
  const read = (ref: TensorRef): KnownValue | undefined => readKnown(session, ref);
  fn.inputs.forEach((name, i) => {
    const from = node.inputs[i] ?? "";
    if (from === "") return;
    body.types.set(name, typeIn(scope, from));
    const value = valueIn(scope, from, read);
    if (value) body.values.set(name, value);
  });
  const inner: Frame = { session, opsets: new Map([...frame.opsets, ...fn.opsets]), attributes, where: fn.name };
  const deeper = inferNodes(inner, body, fn.nodes, new Map());
  nested.set(node, [{ kind: "function", name: fn.name, types: body.types, values: body.values, nested: deeper }]);
  return fn.outputs.map((name) => {
    const value = body.values.get(name);
    return { type: body.types.get(name) ?? unknownType, ...(value ? { value } : {}) };
  });
}

function readKnown(session: Session, ref: TensorRef): KnownValue | undefined {
  const values = readTensor(session.files, ref, knownElementsMax);
  const value = values && valueOfTensor(values, ref.dtype, ref.dims);
  return value && knowsSomething(value) ? value : undefined;
}

function createContext(frame: Frame, scope: Scope, node: Node, opset: number, nested: Map<Node, NestedScope[]>): RuleContext {
  const { session } = frame;
  const read = (ref: TensorRef): KnownValue | undefined => readKnown(session, ref);
  const nameAt = (i: number): string => node.inputs[i] ?? "";
  const attribute = (name: string): Attribute | undefined => {
    const own = node.attributes.get(name);
    return own?.kind === "ref" ? frame.attributes.get(own.value) : own;
  };
  return {
    node,
    opset,
    has: (i) => nameAt(i) !== "" && isDefinedIn(scope, nameAt(i)),
    type: (i) => typeIn(scope, nameAt(i)),
    value: (i) => valueIn(scope, nameAt(i), read),
    attribute,
    readTensor: read,
    fresh: () => freshFor(frame, node),
    isFresh: (dim) => [...freeNames(dim)].some((name) => session.freshDims.has(name)),
    problem(what) {
      session.report(reportInModel(onnxInferCodes.nodeContradiction, { node: placeOf(frame, node), op: node.op, what }));
    },
    subgraph(name, inputs) {
      const graph = attribute(name);
      if (graph?.kind !== "graph") return undefined;
      const inferred = inferGraph(frame, graph.value, inputs, scope);
      const others = (nested.get(node) ?? []).filter((other) => other.name !== name);
      nested.set(node, [...others, { kind: "subgraph", name, ...inferred }]);
      return outputsOf(inferred, graph.value, scope);
    },
    quietly(run) {
      session.muted++;
      const result = run();
      session.muted--;
      return result;
    },
  };
}
