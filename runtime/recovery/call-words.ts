/**
 * Three words that say whether a thread gets on with its limited calls: how many began or ended, how many are open,
 * and the longest limit of those. Written by that thread, read by another one (or another process).
 *
 * An event loop that runs ends late calls by itself. So when calls are open and nothing begins or ends for longer than
 * the longest limit, the thread hangs.
 */

const MOVES = 0;
const OPEN = 1;
const LIMIT_MS = 2;
export const CALL_WORDS = 3;

/** Past its limit by so much, a call is held to hang. */
const GRACE_MS = 500;

/** Begins a call in the words; the answer ends it. */
export function createCallWords(words: Int32Array): (limitMs: number) => () => void {
  const end = (): void => {
    words[OPEN]--;
    words[MOVES]++;
  };
  return (limitMs) => {
    const limit = Math.min(2 ** 31 - 1, Math.ceil(limitMs));
    words[LIMIT_MS] = words[OPEN] === 0 ? limit : Math.max(words[LIMIT_MS], limit);
    words[OPEN]++;
    words[MOVES]++;
    return end;
  };
}

export interface HangClock {
  /** To be asked every `tickMs` or so. The limit that was passed, once a call hangs. */
  readonly look: (words: Int32Array) => number | undefined;
}

/** Counts its own ticks, not time: a machine that slept, or a process that was stopped, hangs in nothing. */
export function createHangClock(tickMs: number): HangClock {
  let moves = -1;
  let stillMs = 0;
  return {
    look: (words) => {
      const [now, open, limitMs] = [words[MOVES], words[OPEN], words[LIMIT_MS]];
      stillMs = now === moves && open > 0 ? stillMs + tickMs : 0;
      moves = now;
      return stillMs > limitMs + GRACE_MS ? limitMs : undefined;
    },
  };
}
