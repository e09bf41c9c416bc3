/**
 * What the coordinator says is done in its order, each word after the last one's promise. A worker that is told ahead
 * could go on so for ever without the event loop having a turn, and whatever comes by events would never come: buffers
 * come home by them, and without those every chunk is written into fresh memory.
 */
import type { ToWorker } from "./messages.ts";
import type { WorkerPorts } from "./worker-ports.ts";

/** `hasMore`: whether another word is there already. */
export function inTurn(ports: Pick<WorkerPorts, "onControl" | "giveTurn">, handle: (message: ToWorker, hasMore: () => boolean) => Promise<void> | void, fail: (error: unknown) => void): void {
  let last = Promise.resolve();
  let waiting = 0;
  const hasMore = (): boolean => waiting > 0;
  ports.onControl((message) => {
    waiting++;
    last = last.then(() => {
      waiting--;
      const turn = ports.giveTurn();
      // A promise for nothing is felt by a worker that has just been woken.
      return turn === undefined ? handle(message, hasMore) : turn.then(() => handle(message, hasMore));
    }).catch(fail);
  });
}
