/** A rank's share of what it has whole: cut out of a value when the model runs, and of a constant as early as can be. */
import type { NodeDraft } from "../../onnx/model-draft.ts";
import type { Node } from "../../onnx/model-graph.ts";
import { integerTensor, intAttributeDraft, newNode } from "./new-nodes.ts";
import type { PartGraph } from "./part-graph.ts";
import { addConstant, constantIntegers, putNew, shareName } from "./rank-graph.ts";
import type { GrowingGraph, RankSettings } from "./rank-graph.ts";
import { sliceWeight } from "./slice-weight.ts";
import { patternLength, shard, stretches } from "./tensor-state.ts";
import type { ShardState } from "./tensor-state.ts";

/** This rank's share of a value that it has whole. */
export function shareOfWhole(settings: RankSettings, graph: GrowingGraph, name: string, state: ShardState): string {
  const out = shareName(settings.taken, name, state);
  if (graph.madeIn.has(out)) return out;
  graph.shares.set(out, { value: name, state });
  for (const node of sliceNodes(settings, graph, name, state, out)) putNew(graph, node);
  return out;
}

function sliceNodes({ part, rank, count }: RankSettings, graph: GrowingGraph, name: string, state: ShardState, out: string): readonly Extract<NodeDraft, { kind: "new" }>[] {
  const runs = stretches(state.runs, part.shape(name)?.[state.axis]);
  if (!runs) throw new Error(`verifyShards: ${JSON.stringify(name)} cannot be divided`);
  const [first] = runs;
  const opset = part.index.model.opsets.get("") ?? 1;
  if (runs.length === 1 && first && opset >= 10) {
    const share = first.length / count;
    const operands = [[rank * share], [(rank + 1) * share], [state.axis]].map((values) => constantIntegers(graph, values));
    return [newNode("Slice", [name, ...operands], out)];
  }
  const places = runs.flatMap(({ start, length }) => Array.from({ length: length / count }, (_, i) => start + (rank * length) / count + i));
  const indices = `${out}.places`;
  graph.tensors.set(indices, integerTensor(indices, places));
  return [newNode("Gather", [name, indices], out, { axis: intAttributeDraft(state.axis) })];
}

/**
 * This rank's share of a constant: a slice of the initializer, or of what the constant is computed from, or else cut
 * from the whole when the model is loaded.
 */
export function constantShare(settings: RankSettings, graph: GrowingGraph, name: string, state: ShardState): string {
  const out = shareName(settings.taken, name, state);
  if (graph.tensors.has(out) || graph.constants.has(out)) return out;
  const { part, rank, count } = settings;
  const tensor = part.tensor(name);
  const slice = tensor && sliceWeight(part.index.model, tensor, out, state, rank, count);
  if (slice) {
    graph.tensors.set(out, slice);
    graph.sliced.set(out, { weight: name, state });
    return out;
  }
  const node = part.index.producer.get(name);
  const before = node && stateBefore(part, node, state);
  if (node && before) {
    const inputs = node.inputs.map((input, i) => (input === "" ? "" : i === 0 ? constantShare(settings, graph, input, before) : input));
    addConstant(graph, { draft: { kind: "edit", node, inputs, outputs: [out] }, inputs, outputs: [out], segment: 0 });
    return out;
  }
  for (const own of sliceNodes(settings, graph, name, state, out)) addConstant(graph, { draft: own, inputs: own.inputs, outputs: own.outputs, segment: 0 });
  return out;
}

/** How the first input must be divided for the output of a node over constants to be; undefined for other operators. */
function stateBefore(part: PartGraph, node: Node, state: ShardState): ShardState | undefined {
  if (node.domain !== "" || node.outputs.length !== 1) return undefined;
  switch (node.op) {
    case "Identity": case "Cast":
      return state;
    case "Transpose": {
      const rank = part.shape(node.inputs[0] ?? "")?.length;
      const perm = node.attributes.get("perm");
      if (rank === undefined) return undefined;
      const axis = perm?.kind === "ints" ? perm.value[state.axis] : rank - 1 - state.axis;
      return axis === undefined ? undefined : shard(axis, state.runs);
    }
    case "DequantizeLinear": {
      // One scale for all: it stays as it is.
      const scale = part.shape(node.inputs[1] ?? "");
      return scale?.length === 0 && patternLength(state.runs) > 0 ? state : undefined;
    }
    default:
      return undefined;
  }
}
