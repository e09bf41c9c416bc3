/**
 * Puts values together from what the ranks hold of them, one segment after that is made: shares are joined, parts of
 * sums are added in rank order, half precision in single.
 */
import { castTo, integerTensor, intAttributeDraft, newNode } from "./new-nodes.ts";
import { putNew, shareName } from "./rank-graph.ts";
import type { GrowingGraph, RankSettings } from "./rank-graph.ts";
import { stretches } from "./tensor-state.ts";
import type { ShardState, TensorState } from "./tensor-state.ts";

/** Puts a value together from the shares or parts of all ranks, one segment after they are made. */
export function collect(settings: RankSettings, graph: GrowingGraph, name: string, state: TensorState, user: string): void {
  const own = shareName(settings.taken, name, state);
  const made = graph.madeIn.get(own) ?? 0;
  const shares = Array.from({ length: settings.count }, (_, rank) => {
    if (rank === settings.rank) return own;
    const port = `${own}@${rank}`;
    graph.peers.set(port, { kind: "peer", rank, segment: made, port: own });
    return port;
  });
  graph.collected.set(name, { state, segment: made + 1, user });
  if (state.kind === "shard") joinShares(settings, graph, name, state, shares, made + 1);
  else addParts(settings, graph, name, shares, made + 1);
}

function addParts({ part }: RankSettings, graph: GrowingGraph, name: string, shares: readonly string[], segment: number): void {
  const type = part.index.inferred.types.get(name);
  const dtype = type?.kind === "tensor" ? type.dtype : "undefined";
  const isHalf = dtype === "f16" || dtype === "bf16";
  const isFloat = isHalf || dtype === "f32" || dtype === "f64";
  if (!isFloat) {
    shares.slice(1).reduce((sum, share, i) => {
      const out = i === shares.length - 2 ? name : `${name}.sum${i}`;
      putNew(graph, newNode("Add", [sum, share], out), segment);
      return out;
    }, shares[0] ?? "");
    return;
  }
  const parts = shares.map((share) => {
    if (!isHalf) return share;
    putNew(graph, castTo("f32", share, `${share}.f32`), segment);
    return `${share}.f32`;
  });
  putNew(graph, newNode("Sum", parts, isHalf ? `${name}.f32` : name), segment);
  if (isHalf) putNew(graph, castTo(dtype, `${name}.f32`, name), segment);
}

/** Joins along the axis; where it was divided in several stretches, their parts are put in order. */
function joinShares(settings: RankSettings, graph: GrowingGraph, name: string, state: ShardState, shares: readonly string[], segment: number): void {
  const runs = stretches(state.runs, settings.part.shape(name)?.[state.axis]);
  if (!runs) throw new Error(`verifyShards: the shares of ${JSON.stringify(name)} cannot be put together`);
  const attributes = { axis: intAttributeDraft(state.axis) };
  if (runs.length === 1) {
    putNew(graph, newNode("Concat", shares, name, attributes), segment);
    return;
  }
  putNew(graph, newNode("Concat", shares, `${name}.joined`, attributes), segment);
  const shareLength = runs.reduce((sum, run) => sum + run.length, 0) / settings.count;
  let before = 0;
  const order = runs.flatMap(({ length }) => {
    const own = length / settings.count;
    const places = Array.from({ length }, (_, i) => Math.floor(i / own) * shareLength + before + (i % own));
    before += own;
    return places;
  });
  const indices = `${name}.order`;
  graph.tensors.set(indices, integerTensor(indices, order));
  putNew(graph, newNode("Gather", [`${name}.joined`, indices], name, attributes), segment);
}
