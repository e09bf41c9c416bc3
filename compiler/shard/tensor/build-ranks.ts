/**
 * Turns a layout into the models of every rank: nodes with the shares they work on, segments between exchanges, and
 * where each input of a segment comes from.
 *
 * Invariant: segment(value) = the largest of its inputs', and one more where the ranks put a value together. It is the
 * same on all ranks.
 */
import { constantInt } from "../../onnx/infer/scalar.ts";
import type { Node } from "../../onnx/model-graph.ts";
import type { Rope } from "../../onnx/rope.ts";
import { mayAnnotate, nodeAnnotation } from "./annotations.ts";
import { collect } from "./collect-value.ts";
import { newNode } from "./new-nodes.ts";
import { addConstant, constantBooleans, constantIntegers, emptyGraph, put, putNew, shareName } from "./rank-graph.ts";
import type { GrowingGraph, RankGraph, RankSettings } from "./rank-graph.ts";
import type { IntegerEdit, LocalEdit, ShardOption } from "./rule.ts";
import { findShardRule } from "./rule-registry.ts";
import { constantShare, shareOfWhole } from "./take-share.ts";
import { replicated, sameState, type TensorState } from "./tensor-state.ts";

export function buildRank(settings: RankSettings): RankGraph {
  const builder = createBuilder(settings);
  for (const node of settings.part.nodes) builder.place(node);
  for (const name of settings.part.stage.outputs) builder.bring(name, replicated, "");
  return builder.graph;
}

interface Builder {
  readonly graph: RankGraph;
  place(node: Node): void;
  /** Makes sure a value is there in a state; gives the name it then has. */
  bring(name: string, state: TensorState, user: string): string;
}

function createBuilder(settings: RankSettings): Builder {
  const { part, layout } = settings;
  const graph = emptyGraph();
  for (const [value, state] of layout.states) graph.shares.set(shareName(settings.taken, value, state), { value, state });
  for (const node of part.constants) addConstant(graph, { draft: { kind: "copy", node }, inputs: node.inputs, outputs: node.outputs, segment: 0 });
  const bring = (name: string, state: TensorState, user: string): string => {
    if (name === "") return "";
    const own = layout.states.get(name) ?? replicated;
    if (part.isConstant(name)) return state.kind === "shard" ? constantShare(settings, graph, name, state) : name;
    if (sameState(own, state)) return own.kind === "replicated" ? name : shareName(settings.taken, name, own);
    if (own.kind !== "replicated" && !graph.madeIn.has(name)) collect(settings, graph, name, own, user);
    return state.kind === "shard" ? shareOfWhole(settings, graph, name, state) : name;
  };
  return { graph, bring, place: (node) => placeNode(settings, graph, node, bring) };
}

function placeNode(settings: RankSettings, graph: GrowingGraph, node: Node, bring: Builder["bring"]): void {
  const option = settings.layout.options.get(node);
  const user = `${node.op}${node.name === "" ? "" : ` ${JSON.stringify(node.name)}`}${findShardRule(node.domain, node.op) ? "" : ", which has no sharding rule"}`;
  const names = node.inputs.map((name, i) => bring(name, option?.inputs[i] ?? replicated, user));
  for (const name of settings.part.index.usesOf(node)) if (!node.inputs.includes(name)) bring(name, replicated, user);
  if (!option) {
    put(graph, { kind: "copy", node }, settings.part.index.usesOf(node), node.outputs);
    return;
  }
  const outputs = node.outputs.map((name, i) => outputName(settings, name, option.outputs[i] ?? replicated));
  const latest = names.reduce((most, name) => Math.max(most, graph.madeIn.get(name) ?? 0), 0);
  placeEdited(settings, graph, { node, names, outputs, option, latest });
}

function outputName({ taken }: RankSettings, name: string, state: TensorState): string {
  return name === "" || state.kind === "replicated" ? name : shareName(taken, name, state);
}

interface Edited {
  readonly node: Node;
  readonly names: readonly string[];
  readonly outputs: readonly string[];
  readonly option: ShardOption;
  /** The segment that the node runs in on every rank. */
  readonly latest: number;
}

function placeEdited(settings: RankSettings, graph: GrowingGraph, { node, names, outputs, option, latest }: Edited): void {
  const edit = option.edit ?? {};
  if (edit.othersPass !== undefined && settings.rank > 0) {
    putNew(graph, newNode("Identity", [names[edit.othersPass] ?? ""], outputs[0] ?? ""), latest);
    return;
  }
  const kept = names.map((name, i) => (settings.rank > 0 && edit.firstRankOnly?.includes(i) ? "" : name));
  while (kept.at(-1) === "" && node.inputs.at(-1) !== "") kept.pop();
  const inputs = kept.map((name, i) => editIntegers(settings, graph, name, node, i, edit));
  const lengthens = edit.lengthens?.includes(true) ? edit.lengthens : undefined;
  const [first = "", ...others] = outputs;
  const made = lengthens ? [`${first}.share`, ...others] : outputs;
  const fields = mayAnnotate(settings.part.index.model) ? { fields: annotate(settings, node, inputs, made, option) } : {};
  put(graph, { kind: "edit", node, inputs, outputs: made, ...(edit.attributes ? { attributes: edit.attributes } : {}), ...fields }, inputs, made, latest);
  if (!lengthens) return;
  const factors = constantIntegers(graph, lengthens.map((isShare) => (isShare ? settings.count : 1)));
  putNew(graph, newNode("Mul", [`${first}.share`, factors], first));
}

/** The standard's record of the shares a node works on. */
function annotate({ part, count }: RankSettings, node: Node, inputs: readonly string[], outputs: readonly string[], option: ShardOption): Rope {
  const tensor = (name: string, value: string | undefined, state: TensorState | undefined) => ({ name, state: state ?? replicated, shape: part.shape(value ?? "") });
  const tensors = [...inputs.map((name, i) => tensor(name, node.inputs[i], option.inputs[i])), ...outputs.map((name, i) => tensor(name, node.outputs[i], option.outputs[i]))];
  return nodeAnnotation(part.stage.index, count, tensors.filter(({ name }) => name !== ""));
}

/** An integer input with the elements that differ for shares. Constants are never edited in place: others may use them. */
function editIntegers(settings: RankSettings, graph: GrowingGraph, name: string, node: Node, i: number, edit: LocalEdit): string {
  const edits = edit.integers?.get(i);
  if (!edits || edits.every((own) => own === "keep")) return name;
  const elements = settings.part.index.inferred.values.get(node.inputs[i] ?? "")?.elements.map(constantInt);
  const values = edits.map((own, at): number | undefined => (typeof own === "number" ? own : own === "keep" ? elements?.[at] : undefined));
  const known = values.filter((value) => value !== undefined);
  const dtype = settings.part.index.inferred.types.get(node.inputs[i] ?? "");
  const isWide = dtype?.kind !== "tensor" || dtype.dtype === "i64";
  if (known.length === values.length && isWide) return constantIntegers(graph, known);
  return computedIntegers(settings, graph, name, edits);
}

function computedIntegers(settings: RankSettings, graph: GrowingGraph, name: string, edits: readonly IntegerEdit[]): string {
  const key = `${name}.share.${edits.join("_")}`;
  if (graph.madeIn.has(key) || graph.constants.has(key)) return key;
  graph.integerLists.set(key, edits.length);
  const divided = edits.includes("divide") ? `${key}.divided` : name;
  const nodes = [
    ...(edits.includes("divide") ? [newNode("Div", [name, constantIntegers(graph, edits.map((own) => (own === "divide" ? settings.count : 1)))], divided)] : []),
    newNode("Where", [constantBooleans(graph, edits.map((own) => typeof own === "number")), constantIntegers(graph, edits.map((own) => (typeof own === "number" ? own : 0))), divided], key),
  ];
  for (const node of nodes) {
    if (settings.part.isConstant(name)) addConstant(graph, { draft: node, inputs: node.inputs, outputs: node.outputs, segment: 0 });
    else putNew(graph, node);
  }
  return key;
}
