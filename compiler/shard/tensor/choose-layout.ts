/**
 * Chooses how the tensors of a stage lie across its ranks: by least cost, over the nodes in order, keeping at each place
 * the cheapest layouts for every combination of states that is still of use. Exact while there are fewer combinations
 * than `layoutsMax`; then the dearest are given up.
 *
 * A layout costs, first, the bytes of products' weights that every rank would hold whole; then time: work not shared,
 * bytes exchanged, exchanges.
 */
import type { Node } from "../../onnx/model-graph.ts";
import type { Dim } from "../../../language/tensor/dim.ts";
import { axisDivisions } from "./axis-divisions.ts";
import type { PartGraph } from "./part-graph.ts";
import { tensorBytes } from "./part-graph.ts";
import { findShardRule } from "./rule-registry.ts";
import type { RuleContext, ShardOption } from "./rule.ts";
import { replicated, stateKey, stretches, type TensorState } from "./tensor-state.ts";

export interface Layout {
  /** The option of each node that is not computed whole on every rank. */
  readonly options: ReadonlyMap<Node, ShardOption>;
  /** Of values that are not whole on every rank. */
  readonly states: ReadonlyMap<string, TensorState>;
}

/** A value that is divided or a sum; `isWhole`: the ranks have put it together besides. */
interface Live {
  readonly state: TensorState;
  readonly key: string;
  readonly isWhole: boolean;
}

interface Candidate {
  readonly cost: number;
  readonly live: ReadonlyMap<string, Live>;
  readonly trace: Trace | undefined;
}

interface Trace {
  readonly before: Trace | undefined;
  readonly node: Node;
  readonly option: ShardOption;
}

const layoutsMax = 64;

// Seconds, of a machine that is nobody's: what matters is how they compare.
const secondsPerFlop = 1e-11;
const secondsPerByteExchanged = 1e-10;
const secondsPerExchange = 1e-3;
const secondsPerByteTouched = 1e-11;
/** Outweighs all time: a weight that can be divided is. */
const secondsPerByteHeld = 1;

export function chooseLayout(part: PartGraph, count: number): Layout {
  // Divisions that could not be put together again are worth trying: most are merged axes, taken apart soon after.
  const found = searchLayout(part, count, false) ?? searchLayout(part, count, true);
  if (!found) throw new Error("verifyShards: no layout of the tensors can be put together at the end of the stage");
  return found;
}

/** `isCareful`: without divisions that could not be put together again. */
function searchLayout(part: PartGraph, count: number, isCareful: boolean): Layout | undefined {
  const search = createSearch(part, count, isCareful);
  let candidates: readonly Candidate[] = [{ cost: 0, live: new Map(), trace: undefined }];
  const last = lastUses(part);
  for (const [at, node] of part.nodes.entries()) {
    const ends = last.get(at) ?? [];
    if (!search.maySplit(node) && candidates.every(({ live }) => !reads(node, live))) continue;
    candidates = search.step(candidates, node, ends);
  }
  const done = candidates.flatMap((candidate) => search.finish(candidate)).sort((a, b) => a.cost - b.cost)[0];
  return done && layoutOf(done.trace);
}

function reads(node: Node, live: ReadonlyMap<string, Live>): boolean {
  return live.size > 0 && node.inputs.some((name) => live.has(name));
}

/** By position: the values that no later node reads, and that do not leave the stage. */
function lastUses(part: PartGraph): ReadonlyMap<number, readonly string[]> {
  const last = new Map<string, number>();
  part.nodes.forEach((node, at) => {
    for (const name of [...node.outputs, ...node.inputs]) if (name !== "") last.set(name, at);
  });
  const ending = new Map<number, string[]>();
  for (const [name, at] of last) {
    if (part.wholes.has(name)) continue;
    ending.set(at, [...(ending.get(at) ?? []), name]);
  }
  return ending;
}

interface Search {
  /** Whether shares can begin at a node: it has a rule and a constant input to divide. */
  maySplit(node: Node): boolean;
  step(candidates: readonly Candidate[], node: Node, ends: readonly string[]): readonly Candidate[];
  finish(candidate: Candidate): readonly Candidate[];
}

function createSearch(part: PartGraph, count: number, isCareful: boolean): Search {
  const options = createOptions(part, count);
  const exchange = createExchange(part, count);
  const apply = (candidate: Candidate, node: Node, option: ShardOption | undefined, held: number): Candidate | undefined => {
    const live = new Map(candidate.live);
    let cost = candidate.cost + held;
    for (const [i, name] of node.inputs.entries()) {
      const paid = exchange.bring(live, name, option?.inputs[i] ?? replicated, part.isConstant(name));
      if (paid === undefined) return undefined;
      cost += paid;
    }
    const isShared = option?.inputs.some((state) => state.kind === "shard") ?? false;
    cost += (part.flops(node) * secondsPerFlop + exchange.bytesMade(node) * secondsPerByteTouched) / (isShared ? count : 1);
    for (const [i, name] of node.outputs.entries()) {
      const state = option?.outputs[i] ?? replicated;
      if (isCareful && name !== "" && !exchange.canJoin(name, state)) return undefined;
      if (name !== "" && state.kind !== "replicated") live.set(name, { state, key: stateKey(state), isWhole: false });
    }
    return { cost, live, trace: option ? { before: candidate.trace, node, option } : candidate.trace };
  };
  return {
    maySplit: options.maySplit,
    step(candidates, node, ends) {
      const best = new Map<string, Candidate>();
      for (const candidate of candidates) {
        for (const { option, held } of options.of(node, candidate.live)) {
          const next = apply(candidate, node, option, held);
          if (!next) continue;
          const live = new Map(next.live);
          for (const name of ends) live.delete(name);
          const key = liveKey(live);
          const known = best.get(key);
          if (!known || next.cost < known.cost) best.set(key, { ...next, live });
        }
      }
      return [...best.values()].sort((a, b) => a.cost - b.cost).slice(0, layoutsMax);
    },
    finish(candidate) {
      const live = new Map(candidate.live);
      let { cost } = candidate;
      for (const name of candidate.live.keys()) {
        const paid = part.wholes.has(name) ? exchange.bring(live, name, replicated, false) : 0;
        if (paid === undefined) return [];
        cost += paid;
      }
      return [{ ...candidate, cost }];
    },
  };
}

function liveKey(live: ReadonlyMap<string, Live>): string {
  return [...live].map(([name, { key, isWhole }]) => `${name}\n${key}${isWhole ? "!" : ""}`).sort().join("\n\n");
}

function layoutOf(trace: Trace | undefined): Layout {
  const options = new Map<Node, ShardOption>();
  const states = new Map<string, TensorState>();
  for (let at = trace; at; at = at.before) {
    options.set(at.node, at.option);
    at.node.outputs.forEach((name, i) => {
      const state = trace && at ? at.option.outputs[i] : undefined;
      if (name !== "" && state && state.kind !== "replicated") states.set(name, state);
    });
  }
  return { options, states };
}

interface Exchange {
  /** What it costs to have a value in a state; notes that it was put together. Undefined if it cannot be. */
  bring(live: Map<string, Live>, name: string, wanted: TensorState, isConstant: boolean): number | undefined;
  bytesMade(node: Node): number;
  /** Whether the shares of a value could be put together: its divided axis has a constant length. */
  canJoin(name: string, state: TensorState): boolean;
}

function createExchange(part: PartGraph, count: number): Exchange {
  const canJoin = (name: string, state: TensorState): boolean => state.kind !== "shard" || stretches(state.runs, part.shape(name)?.[state.axis]) !== undefined;
  return {
    canJoin,
    bring(live, name, wanted, isConstant) {
      if (name === "") return 0;
      const own = live.get(name);
      if (isConstant || !own) return wanted.kind === "partialSum" ? undefined : wanted.kind === "shard" && !canJoin(name, wanted) ? undefined : wanted.kind === "shard" && !isConstant ? part.index.nominalBytes(name) * secondsPerByteTouched : 0;
      if (own.key === stateKey(wanted)) return 0;
      if (wanted.kind === "partialSum" || !canJoin(name, own.state) || !canJoin(name, wanted)) return undefined;
      if (own.isWhole) return 0;
      live.set(name, { ...own, isWhole: true });
      // As a ring passes them: a sum goes around twice.
      const share = ((count - 1) / count) * part.index.nominalBytes(name);
      return secondsPerExchange + secondsPerByteExchanged * (own.state.kind === "partialSum" ? 2 * share : share);
    },
    bytesMade: (node) => node.outputs.reduce((sum, name) => sum + (name === "" ? 0 : part.index.nominalBytes(name)), 0),
  };
}

/** An option, and what the weights it leaves whole cost; no option stands for computing the node whole. */
interface Priced {
  readonly option: ShardOption | undefined;
  readonly held: number;
}

interface Options {
  maySplit(node: Node): boolean;
  of(node: Node, live: ReadonlyMap<string, Live>): readonly Priced[];
}

function createOptions(part: PartGraph, count: number): Options {
  const known = new Map<string, readonly Priced[]>();
  const splits = new Map<Node, boolean>();
  const maySplit = (node: Node): boolean => {
    const found = splits.get(node) ?? (isProduct(node) && node.inputs.some((name) => name !== "" && part.isConstant(name)));
    splits.set(node, found);
    return found;
  };
  return {
    maySplit,
    of(node, live) {
      const key = `${node.index} ${node.inputs.map((name) => live.get(name)?.key ?? "").join(",")}`;
      const found = known.get(key) ?? priced(part, count, node, live);
      known.set(key, found);
      return found;
    },
  };
}

/** Products by weights: where shares begin. */
const products: ReadonlySet<string> = new Set(["MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", "FusedMatMul", "FusedGemm", "FusedConv", "GemmFastGelu", "MatMulNBits", "Attention"]);

export function isProduct(node: Node): boolean {
  return products.has(node.op) && findShardRule(node.domain, node.op) !== undefined;
}

function priced(part: PartGraph, count: number, node: Node, live: ReadonlyMap<string, Live>): readonly Priced[] {
  const rule = findShardRule(node.domain, node.op);
  const options = rule ? rule(ruleContext(part, count, node, (name) => live.get(name)?.state ?? replicated)) : [];
  const held = (option: ShardOption | undefined): number => (isProduct(node) ? weightsHeld(part, node, option) * secondsPerByteHeld : 0);
  return [{ option: undefined, held: held(undefined) }, ...options.map((option) => ({ option, held: held(option) }))];
}

/** Bytes of the product's weights that stay whole. A table that others look up is whole anyway. */
function weightsHeld(part: PartGraph, node: Node, option: ShardOption | undefined): number {
  return node.inputs.reduce((sum, name, i) => {
    if (name === "" || !part.isConstant(name) || option?.inputs[i]?.kind === "shard") return sum;
    const tensor = part.tensor(name);
    const rank = part.shape(name)?.length ?? 0;
    return rank < 2 ? sum : sum + (tensor ? tensorBytes(tensor) : part.index.nominalBytes(name));
  }, 0);
}

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
