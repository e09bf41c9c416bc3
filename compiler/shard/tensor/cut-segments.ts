/** Cuts the graph of one rank into its segments: models of their own, with the origin of every input. */
import type { TensorOrigin } from "../../../runtime/contract/program.ts";
import type { ModelDraft, NodeDraft, TensorDraft, ValueDraft } from "../../onnx/model-draft.ts";
import type { Node } from "../../onnx/model-graph.ts";
import type { ShardSegment } from "../shard-set.ts";
import { calledFunctions, fileDim, portOf } from "../shard-pipeline.ts";
import { annotatedIrVersion, mayAnnotate, modelAnnotation } from "./annotations.ts";
import type { PlacedNode, RankGraph } from "./rank-graph.ts";
import { tensorBytes, type PartGraph } from "./part-graph.ts";
import { localShape, type TensorState } from "./tensor-state.ts";

/** The segments of a rank, in order. `title` names the rank in the models' metadata. */
export function cutSegments(part: PartGraph, graph: RankGraph, count: number, title: string): readonly ShardSegment[] {
  const segments = 1 + graph.placed.reduce((most, { segment }) => Math.max(most, segment), 0);
  const parts = Array.from({ length: segments }, (_, segment) => gather(part, graph, segment));
  const outputs = parts.map(() => new Set<string>());
  for (const own of parts) for (const { from } of own.inputs) if (from.kind === "self") outputs[from.segment]?.add(from.port);
  // Peers put together what this rank puts together.
  for (const { from } of parts.flatMap((own) => own.inputs)) if (from.kind === "peer") outputs[from.segment]?.add(from.port);
  for (const name of part.stage.outputs) outputs[graph.madeIn.get(name) ?? 0]?.add(name);
  return parts.map((own, segment) => finish(part, graph, own, [...(outputs[segment] ?? [])], count, `${title}, segment ${segment + 1} of ${segments}`));
}

interface Gathered {
  readonly nodes: readonly PlacedNode[];
  readonly inputs: readonly { readonly port: string; readonly from: TensorOrigin }[];
  readonly used: ReadonlySet<string>;
}

/** The nodes of a segment, the constant ones they need among them, and what must be fed. */
function gather(part: PartGraph, graph: RankGraph, segment: number): Gathered {
  const own = graph.placed.filter((node) => node.segment === segment);
  const made = new Set(own.flatMap((node) => node.outputs));
  const constants: PlacedNode[] = [];
  const placed = new Set<PlacedNode>();
  const used = new Set<string>();
  const inputs = new Map<string, TensorOrigin>();
  const need = (name: string): void => {
    if (name === "" || used.has(name)) return;
    used.add(name);
    const constant = graph.constants.get(name);
    if (constant) {
      constant.inputs.forEach(need);
      if (!placed.has(constant)) constants.push(constant);
      placed.add(constant);
    } else if (!made.has(name) && !graph.tensors.has(name) && !part.index.initializers.has(name)) inputs.set(name, originOf(graph, name));
  };
  for (const node of own) node.inputs.forEach(need);
  if (segment === 0) for (const name of part.stage.outputs) if (!graph.madeIn.has(name)) need(name);
  return { nodes: [...constants, ...own], inputs: [...inputs].map(([port, from]) => ({ port, from })), used };
}

function originOf(graph: RankGraph, name: string): TensorOrigin {
  const peer = graph.peers.get(name);
  if (peer) return peer;
  const segment = graph.madeIn.get(name);
  return segment === undefined ? { kind: "stage", value: name } : { kind: "self", segment, port: name };
}

function finish(part: PartGraph, graph: RankGraph, { nodes, inputs, used }: Gathered, outputs: readonly string[], count: number, title: string): ShardSegment {
  const { model } = part.index;
  const copied = model.graph.initializers.filter((tensor) => used.has(tensor.name));
  const made = [...graph.tensors].flatMap(([name, tensor]) => (used.has(name) ? [tensor] : []));
  const initializers: readonly TensorDraft[] = [...copied.map((tensor): TensorDraft => ({ kind: "copy", tensor })), ...made];
  const type = (name: string): ValueDraft => typeOf(part, graph, name, count);
  const sparse = model.graph.sparseInitializers.filter(({ values }) => used.has(values.name)).flatMap(({ values, indices }) => [values, indices]);
  const draft: ModelDraft = {
    base: model,
    metadata: new Map([["pipec.shard", title]]),
    ...(mayAnnotate(model) ? { irVersion: annotatedIrVersion(model), fields: modelAnnotation(part.stage.index, count) } : {}),
    functions: calledFunctions(model, nodes.flatMap(({ draft: own }): readonly Node[] => (own.kind === "new" ? [] : [own.node]))),
    graph: {
      nodes: nodes.map((node): NodeDraft => node.draft),
      inputs: [...inputs.map(({ port }) => type(port)), ...listedInitializers(part, used, made)],
      outputs: outputs.map(type),
      initializers,
      keptNames: new Set([...used, ...nodes.flatMap((node) => node.outputs)]),
    },
  };
  const madeBytes = made.reduce((sum, tensor) => sum + (tensor.kind === "new" ? tensor.data.length : 0), 0);
  const weightBytes = [...copied, ...sparse].reduce((sum, tensor) => sum + tensorBytes(tensor), madeBytes);
  return { inputs, outputs, nodes: nodes.length, weightBytes, draft };
}

/** Models before IR version 4 list their initializers among the inputs. */
function listedInitializers(part: PartGraph, used: ReadonlySet<string>, made: readonly TensorDraft[]): readonly ValueDraft[] {
  const { graph, irVersion } = part.index.model;
  const listed = graph.inputs.filter((input) => part.index.initializers.has(input.name) && used.has(input.name));
  const added = irVersion < 4 ? made.flatMap((tensor): readonly ValueDraft[] => (tensor.kind === "new" ? [{ kind: "new", name: tensor.name, dtype: tensor.dtype, dims: tensor.dims }] : [])) : [];
  return [...listed.map((value): ValueDraft => ({ kind: "copy", value })), ...added];
}

/** A value of the whole, a share of one, or a list of integers of our own. */
function typeOf(part: PartGraph, graph: RankGraph, name: string, count: number): ValueDraft {
  const integers = graph.integerLists.get(name);
  if (integers !== undefined) return { kind: "new", name, dtype: "i64", dims: [integers] };
  const share = graph.shares.get(name) ?? peerShare(graph, name);
  if (!share) return portOf(part.index, name);
  const type = part.index.inferred.types.get(share.value);
  if (type?.kind !== "tensor") throw new Error(`verifyShards: ${JSON.stringify(share.value)} is no tensor and is exchanged between ranks`);
  const dims = type.shape ? localShape(type.shape, share.state, count).map((dim) => fileDim(dim, part.index.inferred)) : null;
  return { kind: "new", name, dtype: type.dtype, dims };
}

function peerShare(graph: RankGraph, port: string): { readonly value: string; readonly state: TensorState } | undefined {
  const peer = graph.peers.get(port);
  return peer?.kind === "peer" ? graph.shares.get(peer.port) : undefined;
}
