/** Looks from the coordinator's thread whether workers get on with calls that have a limit. */
import { createHangClock } from "../recovery/call-words.ts";
import type { HangClock } from "../recovery/call-words.ts";
import type { WorkerRole } from "./messages.ts";

export interface HangWatch {
  /** `words`: the worker's own, shared with it. */
  readonly add: (role: WorkerRole, words: Int32Array) => void;
  readonly close: () => void;
}

const TICK_MS = 250;

/** `onHang` is told once. */
export function createHangWatch(onHang: (role: WorkerRole, limitMs: number) => void): HangWatch {
  const watched: { readonly role: WorkerRole; readonly words: Int32Array; readonly clock: HangClock }[] = [];
  const timer = setInterval(() => {
    for (const { role, words, clock } of watched) {
      const limitMs = clock.look(words);
      if (limitMs === undefined) continue;
      clearInterval(timer);
      onHang(role, limitMs);
      return;
    }
  }, TICK_MS);
  timer.unref();
  return {
    add: (role, words) => void watched.push({ role, words, clock: createHangClock(TICK_MS) }),
    close: () => clearInterval(timer),
  };
}
