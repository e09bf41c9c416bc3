/**
 * Says from inside a thread which calls it is in the middle of, for whoever watches from outside: a thread that hangs
 * or dies cannot say anything any more. Where nobody watches, nothing is done.
 */

export interface CallInFlight {
  /** The call has given a promise: the thread is free for other work. */
  readonly waits: () => void;
  /** However it ended. */
  readonly ended: () => void;
}

export interface CallWatch {
  /** A call that should be over within `limitMs` begins. */
  readonly call?: (limitMs: number) => CallInFlight;
  /** Some of the chunk's rows, `first` to `last`, are being computed. Gives what ends it. */
  readonly rows?: (first: number, last: number) => () => void;
}

let watch: CallWatch = {};

/** From here on `watcher` is told of the calls of this thread. */
export function watchCalls(watcher: CallWatch): void {
  watch = watcher;
}

function nothing(): void {}

const unwatched: CallInFlight = { waits: nothing, ended: nothing };

/** `Infinity`: a call without a limit. */
export function beginCall(limitMs: number): CallInFlight {
  return limitMs === Infinity ? unwatched : (watch.call?.(limitMs) ?? unwatched);
}

/** Rows by their numbers in the chunk under way. Call the answer when they are done, however it ended. */
export function beginRows(first: number, last: number): () => void {
  return watch.rows?.(first, last) ?? nothing;
}
