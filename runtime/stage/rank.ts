/**
 * One rank of a part of a cut model: its segments in order, each fed with what the part received, what the rank has
 * made, and what its peers have. Reductions and gathers are inside the segments that consume them, so tensors are only
 * ever handed over here. Runs the same alone, beside its peers in one thread, and in a thread of its own.
 */
import type { Backend, ModelSession, SessionSpec } from "../contract/backend.ts";
import { programFile } from "../contract/program-folder.ts";
import type { ModelPart, ModelSpec, TensorOrigin } from "../contract/program.ts";
import type { Tensor } from "../contract/value.ts";
import { PeerFailed } from "./mailbox.ts";

/** A rank's way to its peers while one batch runs. */
export interface Exchange {
  /** `mayGive`: this rank has no more use for the tensor, so that it can be given away instead of copied. */
  readonly send: (to: number, segment: number, port: string, tensor: Tensor, mayGive: boolean) => void;
  readonly receive: (from: number, segment: number, port: string) => Promise<Tensor>;
  /** Tells all peers that nothing comes from this segment on. */
  readonly fail: (segment: number) => void;
}

/** One rank, loaded. */
export interface OpenRank {
  /** Runs one batch. At rank 0 gives what the part sends, elsewhere nothing. Where a peer is to blame, throws `PeerFailed`. */
  readonly run: (received: ReadonlyMap<string, Tensor>, exchange: Exchange) => Promise<ReadonlyMap<string, Tensor>>;
  readonly close: () => Promise<void>;
}

export async function openRank(backend: Backend, model: ModelSpec, part: ModelPart, rank: number): Promise<OpenRank> {
  const { device, segments } = part.ranks[rank];
  const sessions: ModelSession[] = [];
  const close = async (): Promise<void> => {
    for (const session of sessions) await session.close();
  };
  try {
    for (const segment of segments) {
      const spec: SessionSpec = { ...model, device, inputs: segment.inputs.map(({ port }) => ({ port })), outputs: segment.outputs.map((port) => ({ port })) };
      sessions.push(await backend.open(spec, programFile(segment.file)));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const uses = lastUses(part, rank);
  const ways = segments.map(({ outputs }, segment) => outputs.map((port) => ({ port, receivers: receiversOf(part, rank, segment, port) })));
  const run = async (received: ReadonlyMap<string, Tensor>, exchange: Exchange): Promise<ReadonlyMap<string, Tensor>> => {
    const held = new Map<string, Tensor>();
    const find = async (from: TensorOrigin): Promise<Tensor> => {
      const key = keyOf(from);
      const here = from.kind === "stage" ? received.get(from.value) : held.get(key);
      if (here !== undefined) return here;
      if (from.kind !== "peer") throw new Error(`rank ${rank} does not hold ${key}`);
      const arrived = await exchange.receive(from.rank, from.segment, from.port);
      held.set(key, arrived);
      return arrived;
    };
    for (const [number, { inputs }] of segments.entries()) {
      let made: ReadonlyMap<string, Tensor>;
      try {
        const feeds = new Map<string, Tensor>();
        for (const { port, from } of inputs) feeds.set(port, await find(from));
        made = await sessions[number].run(feeds);
      } catch (error) {
        exchange.fail(number);
        throw error;
      }
      for (const key of held.keys()) if ((uses.get(key) ?? number) <= number) held.delete(key);
      for (const { port, receivers } of ways[number]) {
        const tensor = made.get(port);
        if (tensor === undefined) throw new Error(`segment ${number} of rank ${rank} gave no ${port}`);
        const key = keyOf({ kind: "self", segment: number, port });
        if (uses.has(key)) held.set(key, tensor);
        // Whoever is given the tensor itself comes last: the others are given copies of it before.
        receivers.forEach((to, index) => exchange.send(to, number, port, tensor, !uses.has(key) && index === receivers.length - 1));
      }
    }
    const sends = new Map<string, Tensor>();
    if (rank === 0) for (const { value, from } of part.outputs) sends.set(value, await find(from));
    return sends;
  };
  return { run, close };
}

/** The last segment that wants each tensor, by origin: after it, the rank drops the tensor. What the part sends is kept. */
function lastUses(part: ModelPart, rank: number): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  part.ranks[rank].segments.forEach(({ inputs }, number) => {
    for (const { from } of inputs) uses.set(keyOf(from), number);
  });
  if (rank === 0) for (const { from } of part.outputs) uses.set(keyOf(from), Infinity);
  return uses;
}

function receiversOf(part: ModelPart, rank: number, segment: number, port: string): readonly number[] {
  const key = keyOf({ kind: "peer", rank, segment, port });
  return part.ranks.flatMap(({ segments }, other) => (other !== rank && segments.some(({ inputs }) => inputs.some(({ from }) => keyOf(from) === key)) ? [other] : []));
}

function keyOf(from: TensorOrigin): string {
  switch (from.kind) {
    case "stage":
      return `stage ${from.value}`;
    case "self":
      return `self ${from.segment} ${from.port}`;
    case "peer":
      return `peer ${from.rank} ${from.segment} ${from.port}`;
  }
}

/** What the gang made of a batch, or why it could not: of several ranks that failed by themselves, the first is believed. */
export function gangResult(results: readonly PromiseSettledResult<ReadonlyMap<string, Tensor>>[]): ReadonlyMap<string, Tensor> {
  const failed = results.filter((result) => result.status === "rejected");
  const cause = failed.find(({ reason }) => !(reason instanceof PeerFailed)) ?? failed.at(0);
  if (cause !== undefined) throw cause.reason;
  const [first] = results;
  if (first?.status !== "fulfilled") throw new Error("a gang without ranks");
  return first.value;
}

/** The names of what a rank wants of what the part receives. */
export function receivedBy(part: ModelPart, rank: number): ReadonlySet<string> {
  const fed = part.ranks[rank].segments.flatMap(({ inputs }) => inputs.map(({ from }) => from));
  const sent = rank === 0 ? part.outputs.map(({ from }) => from) : [];
  return new Set([...fed, ...sent].flatMap((from) => (from.kind === "stage" ? [from.value] : [])));
}
