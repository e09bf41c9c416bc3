/** Things loaded once per worker before its first row: tokenizers, key lists, lookup tables. */
import { loadFailed } from "./failures.ts";
import type { Resource, ResourceFile } from "./program.ts";

/** `load` runs once in each thread that needs it; its fault is the job's. Reading `value` before is our bug. */
export function resource<T>(name: string, load: () => Promise<T> | T, files: () => Promise<readonly ResourceFile[]> | readonly ResourceFile[] = () => []): Resource<T> {
  let loading: Promise<void> | undefined;
  let loaded: { readonly value: T } | undefined;
  const start = async (): Promise<void> => {
    try {
      loaded = { value: await load() };
    } catch (error) {
      throw loadFailed(name, error);
    }
  };
  return {
    name,
    load: () => (loading ??= start()),
    files: async () => files(),
    get value(): T {
      if (loaded === undefined) throw new Error(`resource ${name} was read before it was loaded`);
      return loaded.value;
    },
  };
}
