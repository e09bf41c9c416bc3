/**
 * Which rows of a chunk share a model call: a pure function of the rows' sizes and the plan's batch, so that a row's
 * batch mates never depend on arrival, replicas or timing.
 */

/** Row indices of each batch. Buckets stand in order of their first row, rows in row order, tails run short. */
export function cutBatches(keys: readonly string[], batch: number): readonly (readonly number[])[] {
  const buckets = new Map<string, number[]>();
  keys.forEach((key, row) => {
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, [row]);
    else bucket.push(row);
  });
  return [...buckets.values()].flatMap((rows) => Array.from({ length: Math.ceil(rows.length / batch) }, (_, cut) => rows.slice(cut * batch, (cut + 1) * batch)));
}
