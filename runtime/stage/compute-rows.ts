/** Calls a function on every row of a chunk, several at once where it waits for something. */
import { beginCall, beginRows, withinLimit } from "../contract/call-watch.ts";
import { rowMessage } from "./step-context.ts";

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/**
 * Outcomes in row order. Never more than `concurrency` calls are under way; order of completion does not matter. A row
 * that has not come back within `limitMs` hangs.
 */
export async function computeRows<R, T>(rows: readonly R[], compute: (row: R, index: number) => T | Promise<T>, concurrency: number, limitMs = Infinity): Promise<readonly Outcome<T>[]> {
  const outcomes: Outcome<T>[] = new Array(rows.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < rows.length) {
      const index = next++;
      const ended = beginRows(index, index);
      const inFlight = beginCall(limitMs);
      try {
        const made = compute(rows[index], index);
        outcomes[index] = { ok: true, value: made instanceof Promise ? await (limitMs === Infinity ? made : withinLimit(made, limitMs)) : made };
      } catch (error) {
        outcomes[index] = { ok: false, message: rowMessage(error) };
      } finally {
        inFlight.ended();
        ended();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(concurrency, rows.length)) }, lane));
  return outcomes;
}
