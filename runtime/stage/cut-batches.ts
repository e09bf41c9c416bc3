/**
 * Which rows of a chunk may share a model call, and which do: a pure function of the rows' sizes and the plan's batch,
 * so that a row's batch mates never depend on arrival, replicas or timing. Tails run short.
 */

import { jobError } from "../contract/failures.ts";
import { UncuttableBatch } from "./cut-tensors.ts";
import { rowMessage } from "./step-context.ts";

/** Row indices by equal key: in order of their first row, rows in row order. */
export function bucketRows(keys: readonly string[]): readonly (readonly number[])[] {
  const buckets = new Map<string, number[]>();
  keys.forEach((key, row) => {
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, [row]);
    else bucket.push(row);
  });
  return [...buckets.values()];
}

/** What to do with a batch of rows. `run` has no effect beside its result; `keep` is called once for each batch that ran through. */
export interface BatchCall<R, T> {
  readonly run: (rows: readonly R[]) => Promise<T>;
  readonly keep: (rows: readonly R[], made: T) => void;
}

/**
 * Runs one bucket, `batch` rows at a time. Where a call fails, its rows are run alone: those that fail again are given
 * back with the reason, the others are cut again with the rows after them, as if the faulty ones had been filtered.
 * What already ran stays. A batch that fails without such a row is a fault of the job; `what` names the model in it.
 */
export async function runBatches<R, T>(bucket: readonly R[], batch: number, what: string, call: BatchCall<R, T>): Promise<ReadonlyMap<R, string>> {
  const faults = new Map<R, string>();
  let left = bucket;
  while (left.length > 0) {
    const cut = left.slice(0, batch);
    try {
      const made = await call.run(cut);
      call.keep(cut, made);
      left = left.slice(batch);
    } catch (error) {
      const found = await findFaults(cut, what, rowMessage(error), call);
      for (const [row, message] of found) faults.set(row, message);
      left = left.filter((row) => !found.has(row));
    }
  }
  return faults;
}

/** The rows that fail when they run alone. */
async function findFaults<R, T>(rows: readonly R[], what: string, message: string, call: BatchCall<R, T>): Promise<ReadonlyMap<R, string>> {
  const [only, another] = rows;
  if (another === undefined) return new Map([[only, message]]);
  const faults = new Map<R, string>();
  for (const row of rows) {
    try {
      await call.run([row]);
    } catch (error) {
      if (error instanceof UncuttableBatch) throw jobError("R0205", `${what} failed on ${rows.length} rows, and which of them is to blame cannot be told (${error.message}): ${message}`);
      faults.set(row, rowMessage(error));
    }
  }
  if (faults.size > 0) return faults;
  throw jobError("R0205", `${what} failed on ${rows.length} rows, though each runs alone: ${message}`);
}
