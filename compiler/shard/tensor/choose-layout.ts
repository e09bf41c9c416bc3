/**
 * Chooses how the tensors of a stage lie across its ranks: by least cost, over the nodes in order, keeping at each place
 * the cheapest layouts for every combination of states that is still of use. Exact while there are fewer combinations
 * than `layoutsMax`; then the dearest are given up.
 *
 * A layout costs, first, the bytes of products' weights that every rank would hold whole; then time: work not shared,
 * bytes exchanged, exchanges, and tables held whole by every rank.
 */
import type { Node } from "../../onnx/model-graph.ts";
import { createOptions, secondsPerExchange, type Divided } from "./node-options.ts";
import type { PartGraph } from "./part-graph.ts";
import type { ShardOption } from "./rule.ts";
import { replicated, stateKey, stretches, type TensorState } from "./tensor-state.ts";

export interface Layout {
  /** The option of each node that is not computed whole on every rank. */
  readonly options: ReadonlyMap<Node, ShardOption>;
  /** Of values that are not whole on every rank. */
  readonly states: ReadonlyMap<string, TensorState>;
}

/** A value that is divided or a sum; `isWhole`: the ranks have put it together besides. */
interface Live extends Divided {
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
const secondsPerByteTouched = 1e-11;

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
  maySplit(node: Node): boolean;
  step(candidates: readonly Candidate[], node: Node, ends: readonly string[]): readonly Candidate[];
  finish(candidate: Candidate): readonly Candidate[];
}

function createSearch(part: PartGraph, count: number, isCareful: boolean): Search {
  const options = createOptions(part, count);
  const exchange = createExchange(part, count);
  return {
    maySplit: options.maySplit,
    step(candidates, node, ends) {
      const best = new Map<string, Candidate>();
      for (const candidate of candidates) {
        for (const { option, held } of options.of(node, candidate.live)) {
          const next = applyOption({ part, count, isCareful, exchange }, candidate, node, option);
          if (!next) continue;
          const live = new Map(next.live);
          for (const name of ends) live.delete(name);
          const key = liveKey(live);
          const [known, cost] = [best.get(key), next.cost + held];
          if (!known || cost < known.cost) best.set(key, { ...next, cost, live });
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

interface Settings {
  readonly part: PartGraph;
  readonly count: number;
  readonly isCareful: boolean;
  readonly exchange: Exchange;
}

/** The layout with one more node computed so; undefined if values cannot be brought into the states it needs. */
function applyOption({ part, count, isCareful, exchange }: Settings, candidate: Candidate, node: Node, option: ShardOption | undefined): Candidate | undefined {
  const live = new Map(candidate.live);
  let { cost } = candidate;
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
