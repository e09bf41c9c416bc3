/** What one rank of a gang waits for while it runs one batch: tensors of its peers, by where they are made. */
import type { Tensor } from "../contract/value.ts";

export interface Mailbox {
  readonly put: (from: number, segment: number, port: string, tensor: Tensor) => void;
  /** The same tensor as often as it is asked for. */
  readonly take: (from: number, segment: number, port: string) => Promise<Tensor>;
  /** Nothing more comes: whoever waits, now or later, gets the error. */
  readonly fail: (error: Error) => void;
}

export function createMailbox(): Mailbox {
  const arrived = new Map<string, Tensor>();
  const waiting = new Map<string, { readonly come: (tensor: Tensor) => void; readonly giveUp: (error: Error) => void }[]>();
  let failed: Error | undefined;
  const keyOf = (from: number, segment: number, port: string): string => `${from} ${segment} ${port}`;
  return {
    put: (from, segment, port, tensor) => {
      const key = keyOf(from, segment, port);
      arrived.set(key, tensor);
      for (const { come } of waiting.get(key) ?? []) come(tensor);
      waiting.delete(key);
    },
    take: async (from, segment, port) => {
      const key = keyOf(from, segment, port);
      const here = arrived.get(key);
      if (here !== undefined) return here;
      if (failed !== undefined) throw failed;
      return new Promise((come, giveUp) => waiting.set(key, [...(waiting.get(key) ?? []), { come, giveUp }]));
    },
    fail: (error) => {
      failed ??= error;
      for (const { giveUp } of [...waiting.values()].flat()) giveUp(error);
      waiting.clear();
    },
  };
}
