/**
 * What crosses each cut. Walks from the last stage to the first: the values a stage needs are those its own nodes use and
 * those it must send on. What it does not make arrives, either as it is or as something it can be computed from again
 * with light nodes: the set of least bytes is a minimum vertex cut between what earlier stages have and what is needed.
 */
import { elemTypeBits } from "../onnx/elem-types.ts";
import type { Node } from "../onnx/model-graph.ts";
import type { Stages } from "./assign-stages.ts";
import type { GraphIndex } from "./graph-index.ts";
import { minVertexCut, uncuttable } from "./min-vertex-cut.ts";

export interface Crossing {
  /** By stage: values that arrive at it. For the first stage: inputs of the model. */
  readonly arrive: readonly (readonly string[])[];
  /** By stage: its nodes, producers first. */
  readonly nodes: readonly (readonly Node[])[];
}

export interface CannotCross {
  readonly value: string;
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

/** What a tensor costs beside its bytes: a message, a port, a copy to start. */
const tensorOverheadBytes = 16 * 1024;
/** Keeps sums of costs exact and below `uncuttable`. */
const crossingBytesMax = 2 ** 36;

/** Finds what crosses; values that would have to and cannot are listed instead. */
export function findCrossing(index: GraphIndex, stages: Stages): Crossing | { readonly cannot: readonly CannotCross[] } {
  const arrive: (readonly string[])[] = [];
  const nodes: (readonly Node[])[] = [];
  const cannot: CannotCross[] = [];
  let wanted: readonly string[] = index.model.graph.outputs.map((output) => output.name);
  for (let stage = stages.count - 1; stage >= 0; stage--) {
    const own = index.order.filter((node) => stages.fixed.has(node) && stages.stageOf.get(node) === stage);
    const needs = new Set([...own.flatMap((node) => index.usesOf(node)), ...wanted]);
    const arriving = new Set(stage === 0 ? inputsBehind(index, needs) : cheapestArrival(index, stages, stage, needs));
    const made = madeNodes(index, own, needs, arriving);
    // A node made for one of its outputs gives the others too.
    for (const node of made) node.outputs.forEach((name) => arriving.delete(name));
    nodes[stage] = made;
    const refused = stage === 0 ? [] : [...arriving].flatMap((value) => refusal(index, value, stage));
    cannot.push(...refused);
    wanted = inValueOrder(index, arriving);
    arrive[stage] = wanted;
  }
  return cannot.length > 0 ? { cannot } : { arrive, nodes };
}

/** Everything the needs of the first stage rest on. */
function inputsBehind(index: GraphIndex, needs: ReadonlySet<string>): readonly string[] {
  const seen = new Set(needs);
  for (const value of seen) {
    const node = index.producer.get(value);
    if (node) index.usesOf(node).forEach((use) => seen.add(use));
  }
  return [...seen].filter((value) => index.inputs.has(value));
}

/** The cheapest values of earlier stages from which the needs of a stage follow. */
function cheapestArrival(index: GraphIndex, stages: Stages, stage: number, needs: ReadonlySet<string>): readonly string[] {
  const values: string[] = [];
  const vertexOf = new Map<string, number>();
  const costs: number[] = [];
  const arcs: (readonly [number, number])[] = [];
  const sources: number[] = [];
  /** The vertex of a value that may have to come from before; undefined if the stage has it anyway. */
  const vertex = (value: string): number | undefined => {
    const known = vertexOf.get(value);
    if (known !== undefined) return known;
    const node = index.producer.get(value);
    const isGiven = node === undefined ? !index.inputs.has(value) : index.kindOf.get(node) === "constant" || (stages.fixed.has(node) && stages.stageOf.get(node) === stage);
    if (isGiven) return undefined;
    const at = values.length;
    values.push(value);
    vertexOf.set(value, at);
    const isEarlier = node === undefined || (stages.stageOf.get(node) ?? 0) < stage;
    costs.push(!isEarlier ? Infinity : whyNot(index, value) === undefined ? crossingCost(index, value) : uncuttable);
    if (node === undefined || stages.fixed.has(node)) sources.push(at);
    return at;
  };
  const targets = [...needs].flatMap((value) => vertex(value) ?? []);
  for (let at = 0; at < values.length; at++) {
    const node = index.producer.get(values[at] ?? "");
    if (node === undefined || stages.fixed.has(node)) continue;
    for (const use of index.usesOf(node)) {
      const from = vertex(use);
      if (from !== undefined) arcs.push([from, at]);
    }
  }
  return minVertexCut({ costs, arcs, sources, targets }).flatMap((at) => values[at] ?? []);
}

function crossingCost(index: GraphIndex, value: string): number {
  return Math.min(crossingBytesMax, Math.ceil(index.nominalBytes(value)) + tensorOverheadBytes);
}

/** Why a value cannot be passed between models, or undefined. */
function whyNot(index: GraphIndex, value: string): string | undefined {
  const type = index.inferred.types.get(value);
  if (type === undefined || type.kind === "unknown") return "its type is not known";
  if (type.kind !== "tensor") return "it is no tensor";
  return type.dtype !== "string" && elemTypeBits(type.dtype) === 0 ? "its element type is not known" : undefined;
}

function refusal(index: GraphIndex, value: string, stage: number): readonly CannotCross[] {
  const what = whyNot(index, value);
  return what === undefined ? [] : [{ value, from: stage - 1, to: stage, what }];
}

/** A stage's own nodes, and those its needs follow from that do not arrive. */
function madeNodes(index: GraphIndex, own: readonly Node[], needs: ReadonlySet<string>, arriving: ReadonlySet<string>): readonly Node[] {
  const made = new Set(own);
  const open = [...needs];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = arriving.has(value) ? undefined : index.producer.get(value);
    if (node === undefined || made.has(node)) continue;
    made.add(node);
    open.push(...index.usesOf(node));
  }
  return index.order.filter((node) => made.has(node));
}

/** Inputs of the model first, in their order; then values in the order they are made. */
function inValueOrder(index: GraphIndex, values: ReadonlySet<string>): readonly string[] {
  const inputs = index.model.graph.inputs.map((input) => input.name).filter((name) => values.has(name));
  const made = index.order.flatMap((node) => node.outputs).filter((name) => values.has(name));
  return [...inputs, ...made];
}
