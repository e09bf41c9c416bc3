/**
 * How glibc's malloc behaves in an engine's process, as its environment says; other systems do not look. What the user has
 * set counts.
 *
 * Blocks up to a batch's size come from memory that was freed before: handed back to the system and mapped anew for every
 * picture, their pages cost more than the work done on them. Large blocks ask for large pages (2 MiB; glibc 2.35, where
 * the system gives them to who asks): a model's weights and activations then take fewer faults when they are first
 * touched, and fewer misses when they are read again.
 *
 * Fewer arenas would take a tenth less memory over pictures, but their threads wait for one another: three stages that
 * hand on buffers and sleep took 1 to 3 % longer.
 */

const keptBytes = { MALLOC_MMAP_THRESHOLD_: String(32 * 2 ** 20), MALLOC_TRIM_THRESHOLD_: String(256 * 2 ** 20) };

const LARGE_PAGES = "glibc.malloc.hugetlb=1";

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment to start an engine with. */
export function withMallocSettings(env: Environment): Environment {
  const { GLIBC_TUNABLES: own = "" } = env;
  // Of a tunable that is named twice the last counts.
  return { ...keptBytes, ...env, GLIBC_TUNABLES: own === "" ? LARGE_PAGES : `${LARGE_PAGES}:${own}` };
}
