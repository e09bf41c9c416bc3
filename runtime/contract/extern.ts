/** Functions that users write in TypeScript, called with the guarantees that the rest of a program has. */
import { beginCall } from "./call-watch.ts";
import { conform } from "./check-value.ts";
import type { ColumnType } from "./column.ts";
import { RowError } from "./kernel.ts";
import type { Value } from "./value.ts";

export interface ExternOptions {
  readonly result: ColumnType;
  /** A call that has not answered by then is a row error. One that never yields the thread is ended with its process. */
  readonly timeoutMs?: number;
}

const called = new Set<string>();

/** Names of those that this thread has called. */
export function calledExterns(): readonly string[] {
  return [...called];
}

/** The function with its result checked and its time limited. */
export function extern<Args extends readonly Value[], Result extends Value>(
  name: string,
  call: (...args: Args) => Result | Promise<Result>,
  options: ExternOptions,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    called.add(name);
    const inFlight = beginCall(options.timeoutMs ?? Infinity);
    try {
      const result = call(...args);
      inFlight.waits();
      const made = await withinTime(name, options.timeoutMs, result);
      // `conform` gives a value of the declared type, which is what `Result` stands for.
      return conform(options.result, made, `\`${name}\``) as Result;
    } finally {
      inFlight.ended();
    }
  };
}

async function withinTime<T>(name: string, timeoutMs: number | undefined, result: T | Promise<T>): Promise<T> {
  if (timeoutMs === undefined || !(result instanceof Promise)) return result;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RowError(`\`${name}\` did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
