/**
 * What one rank of a gang waits for while it runs one batch: tensors of its peers, by where they are made. Whether a
 * rank gets what it asks for depends on what its peers compute alone, not on who is faster.
 */
import type { Tensor } from "../contract/value.ts";

export interface Mailbox {
  readonly put: (from: number, segment: number, port: string, tensor: Tensor) => void;
  /** Each tensor can be taken once. */
  readonly take: (from: number, segment: number, port: string) => Promise<Tensor>;
  /** From this segment on nothing comes from that rank: whoever waits for it, now or later, gets the error. */
  readonly fail: (from: number, segment: number, error: Error) => void;
}

/** A peer could not make what this rank needs: the peer knows why. */
export class PeerFailed extends Error {
  override readonly name = "PeerFailed";
}

interface Waiting {
  readonly from: number;
  readonly segment: number;
  readonly key: string;
  readonly come: (tensor: Tensor) => void;
  readonly giveUp: (error: Error) => void;
}

export function createMailbox(): Mailbox {
  const arrived = new Map<string, Tensor>();
  const failed = new Map<number, { readonly segment: number; readonly error: Error }>();
  const waiting = new Set<Waiting>();
  const keyOf = (from: number, segment: number, port: string): string => `${from} ${segment} ${port}`;
  return {
    put: (from, segment, port, tensor) => {
      const key = keyOf(from, segment, port);
      const taker = [...waiting].find((one) => one.key === key);
      if (taker === undefined) {
        arrived.set(key, tensor);
        return;
      }
      waiting.delete(taker);
      taker.come(tensor);
    },
    take: async (from, segment, port) => {
      const key = keyOf(from, segment, port);
      const here = arrived.get(key);
      arrived.delete(key);
      if (here !== undefined) return here;
      const fault = failed.get(from);
      if (fault !== undefined && segment >= fault.segment) throw fault.error;
      return new Promise((come, giveUp) => waiting.add({ from, segment, key, come, giveUp }));
    },
    fail: (from, segment, error) => {
      failed.set(from, { segment, error });
      for (const one of waiting) {
        if (one.from !== from || one.segment < segment) continue;
        waiting.delete(one);
        one.giveUp(error);
      }
    },
  };
}
