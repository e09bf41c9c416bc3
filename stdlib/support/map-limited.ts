/** Work on many files without opening all of them at once: a process may have a thousand open, an input a million. */

/** That one source has open at once. */
export const FILES_OPEN_MAX = 16;

/**
 * What `work` gives for each item, in order, with at most `limit` under way. Where it fails, nothing more is begun, and
 * when those under way have ended the failure of the first item in order is thrown: the same one every time.
 */
export async function mapLimited<Item, Result>(items: readonly Item[], limit: number, work: (item: Item) => Promise<Result>): Promise<readonly Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const failures: { readonly index: number; readonly error: unknown }[] = [];
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        results[index] = await work(items[index]);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  const [first] = failures.sort((a, b) => a.index - b.index);
  if (first !== undefined) throw first.error;
  return results;
}
