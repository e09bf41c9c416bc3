/** Fake time: what is due is done in order of time, and at one moment in the order it was put down. */

export interface Agenda {
  readonly now: () => number;
  readonly at: (ms: number, act: () => void) => void;
  /** Delivers in order for each channel, after `delayMs` or more. */
  readonly send: (channel: Channel, delayMs: number, act: () => void) => void;
  /** Promises have been kept: what waits for them goes on before anything else. */
  readonly stir: () => void;
  /** Does what is due until nothing is, or `isOver`. */
  readonly run: (isOver: () => boolean) => Promise<void>;
}

/** A way from one place to another: what is sent on it never overtakes. */
export interface Channel {
  lastMs: number;
}

export function createChannel(): Channel {
  return { lastMs: -Infinity };
}

interface Entry {
  readonly ms: number;
  readonly order: number;
  readonly act: () => void;
}

export function createAgenda(startMs: number): Agenda {
  // A binary heap, the soonest first.
  const heap: Entry[] = [];
  let nowMs = startMs;
  let count = 0;
  let isStirred = false;
  const isBefore = (a: Entry, b: Entry): boolean => a.ms < b.ms || (a.ms === b.ms && a.order < b.order);
  const push = (entry: Entry): void => {
    heap.push(entry);
    let at = heap.length - 1;
    for (let above = (at - 1) >> 1; at > 0 && isBefore(entry, heap[above]); above = (at - 1) >> 1) {
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = entry;
  };
  const pop = (): Entry | undefined => {
    const [first] = heap;
    const end = heap.pop();
    if (first === undefined || end === undefined || heap.length === 0) return first;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below])) below++;
      if (!isBefore(heap[below], end)) break;
      heap[at] = heap[below];
      at = below;
    }
    heap[at] = end;
    return first;
  };
  const at = (ms: number, act: () => void): void => push({ ms: Math.max(ms, nowMs), order: count++, act });
  return {
    now: () => nowMs,
    at,
    send: (channel, delayMs, act) => {
      const ms = Math.max(channel.lastMs, nowMs + delayMs);
      channel.lastMs = ms;
      at(ms, act);
    },
    stir: () => {
      isStirred = true;
    },
    run: async (isOver) => {
      isStirred = true;
      // What is put down for the next tick comes after all promises only if a promise puts it down.
      await undefined;
      for (;;) {
        while (isStirred) {
          isStirred = false;
          await new Promise<void>((resolve) => void process.nextTick(resolve));
        }
        const entry = isOver() ? undefined : pop();
        // What went on last may have put something down.
        if (entry === undefined) return;
        nowMs = entry.ms;
        entry.act();
      }
    },
  };
}
