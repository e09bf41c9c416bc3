/** Fake time: what is due is done in order of time, and at one moment in the order it was put down. */

export interface Agenda {
  readonly now: () => number;
  readonly at: (ms: number, act: () => void) => void;
  /** Delivers in order for each channel, after `delayMs` or more. */
  readonly send: (channel: string, delayMs: number, act: () => void) => void;
  /** Does what is due until nothing is, or `isOver`. */
  readonly run: (isOver: () => boolean) => void;
}

interface Entry {
  readonly ms: number;
  readonly order: number;
  readonly act: () => void;
}

export function createAgenda(startMs: number): Agenda {
  // A binary heap, the soonest first.
  const heap: Entry[] = [];
  const last = new Map<string, number>();
  let nowMs = startMs;
  let count = 0;
  const isBefore = (a: Entry, b: Entry): boolean => a.ms < b.ms || (a.ms === b.ms && a.order < b.order);
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b], heap[a]];
  };
  const push = (entry: Entry): void => {
    heap.push(entry);
    for (let at = heap.length - 1; at > 0; ) {
      const above = (at - 1) >> 1;
      if (!isBefore(heap[at], heap[above])) return;
      swap(at, above);
      at = above;
    }
  };
  const pop = (): Entry | undefined => {
    const [first] = heap;
    const end = heap.pop();
    if (first === undefined || end === undefined || heap.length === 0) return first;
    heap[0] = end;
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && isBefore(heap[left], heap[least])) least = left;
      if (right < heap.length && isBefore(heap[right], heap[least])) least = right;
      if (least === at) return first;
      swap(at, least);
      at = least;
    }
  };
  const at = (ms: number, act: () => void): void => push({ ms: Math.max(ms, nowMs), order: count++, act });
  return {
    now: () => nowMs,
    at,
    send: (channel, delayMs, act) => {
      const ms = Math.max(last.get(channel) ?? 0, nowMs + delayMs);
      last.set(channel, ms);
      at(ms, act);
    },
    run: (isOver) => {
      for (let entry = isOver() ? undefined : pop(); entry !== undefined; entry = isOver() ? undefined : pop()) {
        nowMs = entry.ms;
        entry.act();
      }
    },
  };
}
