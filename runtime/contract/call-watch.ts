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
  /** A call has not come back within its limit, and the thread cannot end it. */
  readonly hang?: (limitMs: number) => void;
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

/** Longer timers end at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * What a row's own promise gives, unless that takes longer than `limitMs`: then whoever watches is told, and ends the
 * process, since native code that hangs holds a thread for good. Where nobody watches it is an error.
 */
export async function withinLimit<T>(made: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => (watch.hang === undefined ? reject(new Error(`did not come back within ${limitMs} ms`)) : watch.hang(limitMs)), Math.min(limitMs, TIMER_MS_MAX));
  });
  try {
    return await Promise.race([made, late]);
  } finally {
    clearTimeout(timer);
  }
}
