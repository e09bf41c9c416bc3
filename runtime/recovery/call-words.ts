/**
 * Words that say whether a thread gets on with its limited calls: how often anything began, waited or ended, how many
 * calls are open, how long nothing may happen, and the limit of a call that the thread itself knows to be late. Written
 * by that thread, read by another one (or another process).
 *
 * While a call runs, that is its limit. While calls wait for something, an event loop that runs ends late ones by
 * itself; one that does not run may be busy with other rows, so much more is allowed before it is held to hang.
 */
import type { CallInFlight } from "../contract/call-watch.ts";

const MOVES = 0;
const OPEN = 1;
const STILL_MS = 2;
const HUNG_MS = 3;
export const CALL_WORDS = 4;

/** Past its limit by so much, a call is held to hang. */
const GRACE_MS = 500;
/** What the loop may be busy with others for, while calls wait. */
const PATIENCE = 10;
const PATIENCE_MS = 10_000;
const INT_MAX = 2 ** 31 - 1;

/** Begins a call in the words. */
export function createCallWords(words: Int32Array): (limitMs: number) => CallInFlight {
  let patientMs = 0;
  const move = (open: number, stillMs: number): void => {
    words[OPEN] += open;
    words[STILL_MS] = stillMs;
    words[MOVES]++;
  };
  return (limitMs) => {
    const patient = Math.min(INT_MAX, Math.ceil(limitMs * PATIENCE + PATIENCE_MS));
    patientMs = words[OPEN] === 0 ? patient : Math.max(patientMs, patient);
    move(1, Math.min(INT_MAX, Math.ceil(limitMs)));
    return { waits: () => move(0, patientMs), ended: () => move(-1, patientMs) };
  };
}

/** A call has not come back within its limit, though the thread gets on: what it waits for hangs elsewhere. */
export function noteHang(words: Int32Array, limitMs: number): void {
  words[HUNG_MS] = Math.min(INT_MAX, Math.ceil(limitMs));
}

export interface HangClock {
  /** To be asked every `tickMs` or so. What was allowed, once a call hangs. */
  readonly look: (words: Int32Array) => number | undefined;
}

/** Counts its own ticks, not time: a machine that slept, or a process that was stopped, hangs in nothing. */
export function createHangClock(tickMs: number): HangClock {
  let moves = -1;
  let stillMs = 0;
  return {
    look: (words) => {
      if (words[HUNG_MS] > 0) return words[HUNG_MS];
      const [now, open, limitMs] = [words[MOVES], words[OPEN], words[STILL_MS]];
      stillMs = now === moves && open > 0 ? stillMs + tickMs : 0;
      moves = now;
      return stillMs > limitMs + GRACE_MS ? limitMs : undefined;
    },
  };
}
