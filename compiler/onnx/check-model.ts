/**
 * Checks that a read model hangs together: every value is produced once, used where it is visible, without cycles,
 * and functions do not recurse. Works without recursion along the data flow, so hostile depth cannot exhaust the stack.
 */
import { onnxCodes } from "../../language/diagnostics/codes/onnx.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { describeNode, quoteName, reportInModel } from "./model-diagnostics.ts";
import type { Graph, LocalFunction, ModelGraph, Node } from "./model-graph.ts";
import { capturesOf, functionKey, givenNames, subgraphsOf } from "./walk.ts";

/** A hostile file could earn a diagnostic per node; nobody reads more than these. */
const diagnosticsMax = 50;

export function checkModel(model: ModelGraph): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const add = (diagnostic: Diagnostic): void => {
    if (diagnostics.length < diagnosticsMax) diagnostics.push(diagnostic);
  };
  checkGraph(model.graph, "the graph", new Set(), add);
  for (const fn of model.functions) checkFunction(fn, add);
  checkRecursion(model, add);
  return diagnostics;
}

type Add = (diagnostic: Diagnostic) => void;

function checkGraph(graph: Graph, what: string, outer: ReadonlySet<string>, add: Add): void {
  for (const input of graph.inputs) checkName(input.name, "an input", add);
  for (const output of graph.outputs) checkName(output.name, "an output", add);
  const visible = checkNodes(graph.nodes, givenNames(graph), what, outer, add);
  for (const output of graph.outputs) {
    if (!visible.has(output.name)) add(undefinedValue(output.name, `an output of ${what}`));
  }
}

function checkFunction(fn: LocalFunction, add: Add): void {
  const what = `function ${quoteName(fn.name)}`;
  const visible = checkNodes(fn.nodes, new Set(fn.inputs), what, new Set(), add);
  for (const output of fn.outputs) {
    if (!visible.has(output)) add(undefinedValue(output, `an output of ${what}`));
  }
}

/** Checks one node list and the subgraphs in it; gives the names visible at its end. */
function checkNodes(nodes: readonly Node[], given: ReadonlySet<string>, what: string, outer: ReadonlySet<string>, add: Add): ReadonlySet<string> {
  const producer = new Map<string, number>();
  for (const node of nodes) {
    checkName(node.name, "a node", add);
    for (const output of node.outputs) {
      if (output === "") continue;
      checkName(output, "a value", add);
      if (producer.has(output) || given.has(output)) add(reportInModel(onnxCodes.valueRedefined, { value: quoteName(output), graph: what }));
      producer.set(output, node.index);
    }
  }
  const visible = new Set([...outer, ...given, ...producer.keys()]);
  for (const node of nodes) {
    for (const name of [...node.inputs, ...capturesOf(node)]) {
      if (name !== "" && !visible.has(name)) add(undefinedValue(name, describeNode(node)));
    }
    for (const { attribute, graph } of subgraphsOf(node)) checkGraph(graph, `${attribute} of ${describeNode(node)}`, visible, add);
  }
  const cycle = findCycle(nodes, producer);
  if (cycle) add(reportInModel(onnxCodes.graphCyclic, { graph: what, path: cycle.map(describeNode).join(" -> ") }));
  return visible;
}

function undefinedValue(name: string, user: string): Diagnostic {
  return reportInModel(onnxCodes.valueUndefined, { value: quoteName(name), user });
}

function checkName(name: string, what: string, add: Add): void {
  if (/[\u0000-\u001f\u007f]/.test(name)) add(reportInModel(onnxCodes.nameControl, { name: quoteName(name), where: what }));
}

const shownCycleMax = 8;

/** A cycle of the data flow (its first nodes), or undefined. Kahn's order; what is left over holds a cycle. */
function findCycle(nodes: readonly Node[], producer: ReadonlyMap<string, number>): readonly Node[] | undefined {
  const uses = nodes.map((node) => new Set([...node.inputs, ...capturesOf(node)].flatMap((name) => producer.get(name) ?? [])));
  const users = nodes.map((): number[] => []);
  uses.forEach((from, index) => from.forEach((source) => users[source]?.push(index)));
  const waiting = uses.map((from) => from.size);
  const ready = waiting.flatMap((count, index) => (count === 0 ? [index] : []));
  for (let at = 0; at < ready.length; at++) {
    for (const user of users[ready[at] ?? 0] ?? []) {
      waiting[user] = (waiting[user] ?? 0) - 1;
      if (waiting[user] === 0) ready.push(user);
    }
  }
  if (ready.length === nodes.length) return undefined;
  // Walking back along unfinished nodes must come round.
  const seen = new Map<number, number>();
  const path: number[] = [];
  let current = waiting.findIndex((count) => count > 0);
  while (!seen.has(current)) {
    seen.set(current, path.length);
    path.push(current);
    current = [...(uses[current] ?? [])].find((source) => (waiting[source] ?? 0) > 0) ?? current;
  }
  return path.slice(seen.get(current)).slice(0, shownCycleMax).flatMap((index) => nodes[index] ?? []);
}

/** Functions that call each other in a circle would make inlining endless. */
function checkRecursion(model: ModelGraph, add: Add): void {
  const byKey = new Map(model.functions.map((fn) => [functionKey(fn.domain, fn.name, fn.overload), fn]));
  const state = new Map<LocalFunction, "open" | "done">();
  const visit = (fn: LocalFunction, path: readonly string[]): void => {
    if (state.get(fn) === "done") return;
    if (state.get(fn) === "open" || path.length > functionDepthMax) {
      add(reportInModel(onnxCodes.functionRecursive, { path: [...path, fn.name].slice(-shownCycleMax).map(quoteName).join(" -> ") }));
      return;
    }
    state.set(fn, "open");
    for (const called of calledFunctions(fn.nodes, byKey)) visit(called, [...path, fn.name]);
    state.set(fn, "done");
  };
  for (const fn of model.functions) visit(fn, []);
}

const functionDepthMax = 100;

function calledFunctions(nodes: readonly Node[], byKey: ReadonlyMap<string, LocalFunction>): readonly LocalFunction[] {
  return nodes.flatMap((node) => {
    const called = byKey.get(functionKey(node.domain, node.op, node.overload));
    const inside = subgraphsOf(node).flatMap(({ graph }) => calledFunctions(graph.nodes, byKey));
    return called ? [called, ...inside] : inside;
  });
}
