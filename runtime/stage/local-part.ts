/** A part of a cut model with all its ranks in this thread: what runs where there is no gang, and in the interpreter. */
import type { Backend, ModelSession } from "../contract/backend.ts";
import type { ModelPart, ModelSpec } from "../contract/program.ts";
import type { Tensor } from "../contract/value.ts";
import { createMailbox, PeerFailed } from "./mailbox.ts";
import { gangResult, openRank } from "./rank.ts";
import type { OpenRank } from "./rank.ts";

export async function openLocalPart(backend: Backend, model: ModelSpec, part: ModelPart): Promise<ModelSession> {
  const ranks: OpenRank[] = [];
  const close = async (): Promise<void> => {
    for (const rank of ranks) await rank.close();
  };
  try {
    for (const rank of part.ranks.keys()) ranks.push(await openRank(backend, model, part, rank));
  } catch (error) {
    await close();
    throw error;
  }
  return { run: (received) => runTogether(ranks, received), close };
}

/** Each rank goes on as far as it can; a tensor for a peer is handed over as it is. */
async function runTogether(ranks: readonly OpenRank[], received: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
  const boxes = ranks.map(createMailbox);
  const runs = ranks.map(({ run }, rank) =>
    run(received, {
      send: (to, segment, port, tensor) => boxes[to].put(rank, segment, port, tensor),
      receive: boxes[rank].take,
      fail: (segment) => {
        for (const box of boxes) box.fail(rank, segment, new PeerFailed(`rank ${rank} failed`));
      },
    }),
  );
  return gangResult(await Promise.allSettled(runs));
}
