/**
 * Which rows of a chunk may share a model call, and which do: a pure function of the rows' sizes and the plan's batch,
 * so that a row's batch mates never depend on arrival, replicas or timing. Tails run short.
 */

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

/**
 * Runs one bucket, `batch` rows at a time. Where a call fails, `findFaulty` says which of its rows are to blame; the
 * others are cut again with the rows after them, as if the faulty ones had been filtered. What already ran stays.
 */
export async function runInCuts<R>(
  bucket: readonly R[], batch: number, run: (rows: readonly R[]) => Promise<void>, findFaulty: (rows: readonly R[], error: unknown) => Promise<ReadonlySet<R>>,
): Promise<void> {
  let left = bucket;
  while (left.length > 0) {
    const cut = left.slice(0, batch);
    try {
      await run(cut);
      left = left.slice(batch);
    } catch (error) {
      const faulty = await findFaulty(cut, error);
      if (faulty.size === 0) throw error;
      left = left.filter((row) => !faulty.has(row));
    }
  }
}
