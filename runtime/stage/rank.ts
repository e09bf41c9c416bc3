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

/** The sessions of one rank, by segment. */
export async function openRank(backend: Backend, model: ModelSpec, part: ModelPart, rank: number): Promise<readonly ModelSession[]> {
  const { device, segments } = part.ranks[rank];
  const opened: ModelSession[] = [];
  try {
    for (const segment of segments) {
      const spec: SessionSpec = { ...model, device, inputs: segment.inputs.map(({ port }) => ({ port })), outputs: segment.outputs.map((port) => ({ port })) };
      opened.push(await backend.open(spec, programFile(segment.file)));
    }
    return opened;
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

export async function closeAll(sessions: readonly ModelSession[]): Promise<void> {
  for (const session of sessions) await session.close();
}

/** Runs one batch. At rank 0 gives what the part sends, elsewhere nothing. Where a peer is to blame, throws `PeerFailed`. */
export async function runRank(part: ModelPart, rank: number, sessions: readonly ModelSession[], received: ReadonlyMap<string, Tensor>, exchange: Exchange): Promise<ReadonlyMap<string, Tensor>> {
  const made: ReadonlyMap<string, Tensor>[] = [];
  const find = async (origin: TensorOrigin): Promise<Tensor> => {
    switch (origin.kind) {
      case "stage":
        return given(received.get(origin.value), origin.value);
      case "self":
        return given(made[origin.segment].get(origin.port), origin.port);
      case "peer":
        return exchange.receive(origin.rank, origin.segment, origin.port);
    }
  };
  for (const [number, segment] of part.ranks[rank].segments.entries()) {
    try {
      const feeds = new Map<string, Tensor>();
      for (const { port, from } of segment.inputs) feeds.set(port, await find(from));
      made.push(await sessions[number].run(feeds));
    } catch (error) {
      exchange.fail(number);
      throw error;
    }
    for (const [port, tensor] of made[number]) sendToPeers(part, rank, number, port, tensor, exchange);
  }
  const sends = new Map<string, Tensor>();
  if (rank === 0) for (const { value, from } of part.outputs) sends.set(value, await find(from));
  return sends;
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

function sendToPeers(part: ModelPart, rank: number, segment: number, port: string, tensor: Tensor, exchange: Exchange): void {
  const isPeer = (from: TensorOrigin): boolean => from.kind === "peer" && from.rank === rank && from.segment === segment && from.port === port;
  const isOwn = (from: TensorOrigin): boolean => from.kind === "self" && from.segment === segment && from.port === port;
  const uses = (of: number, test: (from: TensorOrigin) => boolean): boolean => part.ranks[of].segments.some(({ inputs }) => inputs.some(({ from }) => test(from)));
  const receivers = part.ranks.flatMap((_, other) => (other !== rank && uses(other, isPeer) ? [other] : []));
  const isKept = uses(rank, isOwn) || (rank === 0 && part.outputs.some(({ from }) => isOwn(from)));
  // Whoever is given the tensor itself comes last: the others are given copies of it before.
  receivers.forEach((to, index) => exchange.send(to, segment, port, tensor, !isKept && index === receivers.length - 1));
}

/** The names of what a rank wants of what the part receives. */
export function receivedBy(part: ModelPart, rank: number): ReadonlySet<string> {
  const fed = part.ranks[rank].segments.flatMap(({ inputs }) => inputs.map(({ from }) => from));
  const sent = rank === 0 ? part.outputs.map(({ from }) => from) : [];
  return new Set([...fed, ...sent].flatMap((from) => (from.kind === "stage" ? [from.value] : [])));
}

function given(tensor: Tensor | undefined, name: string): Tensor {
  if (tensor === undefined) throw new Error(`tensor ${name} is not there`);
  return tensor;
}
