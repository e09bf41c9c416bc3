/**
 * What a model costs: FLOPs, bytes, weights and kernels per node, peak activation, all as expressions in the symbolic
 * dimensions (numbers where those are bound).
 *
 * Before: a read model and its inferred types. Bodies of control flow and functions are counted at the node that holds
 * them: an If at its dearer branch, a Loop per iteration.
 */
import { onnxCodes } from "../../../language/diagnostics/codes/onnx.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { addDims, dimName, dimOf, maxDims, mulDims, subDims, sumOfDims, zeroDim, type Dim } from "../../../language/tensor/dim.ts";
import { executionOrder, isConstant } from "../execution-order.ts";
import type { InferredGraph, NestedScope } from "../infer/infer-shapes.ts";
import { describeNode, quoteName, reportInModel } from "../model-diagnostics.ts";
import type { Attribute, Graph, LocalFunction, ModelGraph, Node } from "../model-graph.ts";
import { capturesOf, functionKey, subgraphsOf } from "../walk.ts";
import { findConstants, initializerNames, type Constants } from "./constants.ts";
import { bytesOf, dimAt, knownInt, type CostRule } from "./cost-rule.ts";
import { findCostRule } from "./cost-registry.ts";
import { computeLiveness, type Liveness } from "./liveness.ts";
import { countParams, totalWeightBytes, weightsOf } from "./model-weights.ts";
import { costContext, viewScope, type ValueView } from "./value-view.ts";

export interface NodeCost {
  readonly node: Node;
  readonly flops: Dim;
  readonly bytesRead: Dim;
  readonly bytesWritten: Dim;
  /** Kernel launches; 0 for views and for what is computed once at load. */
  readonly kernels: Dim;
  /** Temporary memory while it runs. */
  readonly workspaceBytes: Dim;
  /** Initializers (and constants) it needs, directly or through constant expressions. */
  readonly weights: readonly string[];
  /** A view: no work. A constant: computed at load. */
  readonly kind: "compute" | "view" | "constant";
}

export interface ModelCost {
  /** Of the main graph, in file order. */
  readonly nodes: readonly NodeCost[];
  /** Bytes of each initializer and constant of the main graph. */
  readonly weightBytes: ReadonlyMap<string, number>;
  readonly liveness: Liveness;
  readonly totals: CostTotals;
  readonly diagnostics: readonly Diagnostic[];
}

export interface CostTotals {
  /** Elements of the initializers that hold learned values (floating-point and at most 8-bit types). */
  readonly params: number;
  readonly weightBytes: number;
  readonly flops: Dim;
  readonly bytes: Dim;
  readonly kernels: Dim;
  readonly peakActivationBytes: Dim;
}

/** Computes the cost of a model. Operators without a rule are diagnostics; only the bytes they move are counted. */
export function computeCost(model: ModelGraph, inferred: InferredGraph): ModelCost {
  const diagnostics: Diagnostic[] = [];
  const reported = new Set<string>();
  const session: Session = {
    functions: new Map(model.functions.map((fn) => [functionKey(fn.domain, fn.name, fn.overload), fn])),
    unknown(node) {
      const op = node.domain ? `${node.domain}.${node.op}` : node.op;
      if (reported.has(op)) return;
      reported.add(op);
      diagnostics.push(reportInModel(onnxCodes.costUnknown, { op: quoteName(op), node: describeNode(node) }));
    },
  };
  const body = costBody(session, model.graph.nodes, initializerNames(model.graph), model.graph.outputs.map((output) => output.name), viewScope(inferred));
  const weightBytes = weightsOf(model.graph);
  const sum = (pick: (cost: NodeCost) => Dim): Dim => sumOfDims(body.nodes.map(pick));
  return {
    nodes: body.nodes,
    weightBytes,
    liveness: body.liveness,
    totals: {
      params: countParams(model),
      weightBytes: totalWeightBytes(model),
      flops: sum((cost) => cost.flops),
      bytes: addDims(sum((cost) => cost.bytesRead), sum((cost) => cost.bytesWritten)),
      kernels: sum((cost) => cost.kernels),
      peakActivationBytes: body.liveness.peakBytes,
    },
    diagnostics,
  };
}

interface Session {
  readonly functions: ReadonlyMap<string, LocalFunction>;
  unknown(node: Node): void;
}

interface BodyCost {
  readonly nodes: readonly NodeCost[];
  readonly liveness: Liveness;
}

/** Costs a node list: the main graph, a subgraph or a function's body. */
function costBody(session: Session, nodes: readonly Node[], given: readonly string[], outputs: readonly string[], view: ValueView, outer?: Constants): BodyCost {
  const order = executionOrder(nodes);
  // Constant nodes are not part of the order; they come first as they need nothing.
  const constants = findConstants([...nodes.filter(isConstant), ...order], given, outer);
  const costs = new Map(nodes.map((node) => [node, costNode(session, node, view, constants)]));
  const liveness = computeLiveness({
    order: order.filter((node) => !constants.folded.has(node)),
    outputs,
    constants,
    view,
    workspace: (node) => costs.get(node)?.workspaceBytes ?? zeroDim,
  });
  return { nodes: [...costs.values()], liveness };
}

function costNode(session: Session, node: Node, view: ValueView, constants: Constants): NodeCost {
  const weights = [...new Set([...node.inputs, ...capturesOf(node)].flatMap((name) => constants.roots.get(name) ?? []))];
  const nothing = { node, flops: zeroDim, bytesRead: zeroDim, bytesWritten: zeroDim, kernels: zeroDim, workspaceBytes: zeroDim, weights };
  if (constants.folded.has(node)) return { ...nothing, kind: "constant" };
  const bodies = costBodies(session, node, view, constants);
  if (bodies) return { ...nothing, ...bodies, kind: "compute" };
  const rule = findCostRule(node.domain, node.op);
  if (!rule) session.unknown(node);
  if (rule?.view) return { ...nothing, kind: "view" };
  return { ...nothing, ...costKernel(node, view, rule), kind: "compute" };
}

type Work = Pick<NodeCost, "flops" | "bytesRead" | "bytesWritten" | "kernels" | "workspaceBytes">;

function costKernel(node: Node, view: ValueView, rule: CostRule | undefined): Work {
  const ctx = costContext(node, view);
  const distinct = [...new Set(node.inputs)].filter((name) => name !== "");
  return {
    flops: rule?.flops(ctx) ?? zeroDim,
    bytesRead: rule?.reads?.(ctx) ?? sumOfDims(distinct.map((name) => view.operand(name).bytes)),
    bytesWritten: sumOfDims(node.outputs.map((_, i) => bytesOf(ctx.output(i)))),
    kernels: dimOf(1),
    workspaceBytes: rule?.workspace?.(ctx) ?? zeroDim,
  };
}

/** The cost of a node that has bodies: control flow or a function call. */
function costBodies(session: Session, node: Node, view: ValueView, constants: Constants): Work | undefined {
  const called = session.functions.get(functionKey(node.domain, node.op, node.overload));
  if (called) return costCall(session, node, called, view);
  const subgraphs = subgraphsOf(node);
  if (subgraphs.length === 0) return undefined;
  const scopes = view.nested(node);
  const bodies = subgraphs.map(({ attribute, graph }) => {
    const scope = scopes.find((nested) => nested.kind === "subgraph" && nested.name === attribute);
    return costSubgraph(session, graph, scope, view, constants);
  });
  const dearest = bodies.reduce((a, b) => combineWork(a, b, (x, y) => maxDims(x, y)));
  return scaleWork(dearest, iterations(node, view));
}

const noScope: Omit<NestedScope, "kind" | "name"> = { types: new Map(), values: new Map(), nested: new Map() };

/** A branch that inference did not take (its condition is constant) has no types and so no cost. */
function costSubgraph(session: Session, graph: Graph, scope: NestedScope | undefined, view: ValueView, constants: Constants): Work {
  if (!scope) return sumWork([]);
  const inner = viewScope(scope, view, view.attributes);
  const outputs = graph.outputs.map((output) => output.name);
  return bodyWork(costBody(session, graph.nodes, initializerNames(graph), outputs, inner, constants), outputs, inner);
}

function costCall(session: Session, node: Node, fn: LocalFunction, view: ValueView): Work {
  const scope = view.nested(node).find((nested) => nested.kind === "function") ?? noScope;
  const attributes = new Map<string, Attribute>(fn.attributeDefaults);
  for (const [name, attribute] of node.attributes) {
    const given = attribute.kind === "ref" ? view.attributes.get(attribute.value) : attribute;
    if (given) attributes.set(name, given);
  }
  const inner = viewScope(scope, undefined, attributes);
  return bodyWork(costBody(session, fn.nodes, [], fn.outputs, inner), fn.outputs, inner);
}

/** A body's work; its outputs are those of the node around it, which counts them itself. */
function bodyWork(body: BodyCost, outputs: readonly string[], view: ValueView): Work {
  const outputBytes = sumOfDims([...new Set(outputs)].filter((name) => name !== "").map((name) => view.operand(name).bytes));
  return { ...sumWork(body.nodes), workspaceBytes: maxDims(zeroDim, subDims(body.liveness.peakBytes, outputBytes)) };
}

function sumWork(costs: readonly Work[]): Work {
  return {
    flops: sumOfDims(costs.map((cost) => cost.flops)),
    bytesRead: sumOfDims(costs.map((cost) => cost.bytesRead)),
    bytesWritten: sumOfDims(costs.map((cost) => cost.bytesWritten)),
    kernels: sumOfDims(costs.map((cost) => cost.kernels)),
    workspaceBytes: zeroDim,
  };
}

function combineWork(a: Work, b: Work, combine: (x: Dim, y: Dim) => Dim): Work {
  return {
    flops: combine(a.flops, b.flops),
    bytesRead: combine(a.bytesRead, b.bytesRead),
    bytesWritten: combine(a.bytesWritten, b.bytesWritten),
    kernels: combine(a.kernels, b.kernels),
    workspaceBytes: combine(a.workspaceBytes, b.workspaceBytes),
  };
}

function scaleWork(work: Work, count: Dim): Work {
  const scaled = combineWork(work, work, (x) => mulDims(x, count));
  return { ...scaled, workspaceBytes: work.workspaceBytes };
}

/** How often a node's body runs; a name stands for what only data decides. */
function iterations(node: Node, view: ValueView): Dim {
  const ctx = costContext(node, view);
  if (node.op === "Loop") {
    const trips = knownInt(ctx, 0);
    return trips !== undefined && trips < 2 ** 31 ? dimOf(Math.max(trips, 0)) : dimName(`iterations(${node.name || node.outputs[0] || node.op})`);
  }
  if (node.op === "Scan") {
    const scanned = node.attributes.get("num_scan_inputs");
    const count = scanned?.kind === "int" ? scanned.value : 1;
    return dimAt(ctx.input(node.inputs.length - count), 0);
  }
  return dimOf(1);
}
