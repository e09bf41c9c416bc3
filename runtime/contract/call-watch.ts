/**
 * Says from inside a thread which calls it is in the middle of, for whoever watches from outside: a thread that hangs
 * or dies cannot say anything any more. Where nobody watches, nothing is done.
 */

export interface CallWatch {
  /** A call that should be over within `limitMs` begins. Gives what ends it. */
  readonly call?: (limitMs: number) => () => void;
  /** Some of the chunk's rows, `first` to `last`, are being computed. Gives what ends it. */
  readonly rows?: (first: number, last: number) => () => void;
}

let watch: CallWatch = {};

/** From here on `watcher` is told of the calls of this thread. */
export function watchCalls(watcher: CallWatch): void {
  watch = watcher;
}

function nothing(): void {}

/** Call the answer when the call is over, however it ended. */
export function beginCall(limitMs: number): () => void {
  return watch.call?.(limitMs) ?? nothing;
}

/** Rows by their numbers in the chunk under way. Call the answer when they are done, however it ended. */
export function beginRows(first: number, last: number): () => void {
  return watch.rows?.(first, last) ?? nothing;
}
