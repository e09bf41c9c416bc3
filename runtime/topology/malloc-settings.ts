/**
 * How glibc's malloc behaves in an engine's process, as its environment says; other systems do not look. What the user has
 * set counts.
 *
 * Blocks up to a batch's size come from memory that was freed before: handed back to the system and mapped anew for every
 * picture, their pages cost more than the work done on them. Threads share what they have freed as far as they do not
 * compute at the same time: one arena for each core instead of one for each thread. Large blocks ask for large pages
 * (2 MiB; glibc 2.35, where the system gives them to who asks): a model's weights and activations then take fewer faults
 * when they are first touched, and fewer misses when they are read again.
 */
const LARGE_PAGES = "glibc.malloc.hugetlb=1";
const MIB = 2 ** 20;
const ARENAS_MIN = 2;

/** Variables to start an engine with, beside those of `env`. */
export function mallocSettings(env: Readonly<Record<string, string | undefined>>, cores: number): Readonly<Record<string, string>> {
  const { GLIBC_TUNABLES: own } = env;
  const settings = { MALLOC_MMAP_THRESHOLD_: 32 * MIB, MALLOC_TRIM_THRESHOLD_: 256 * MIB, MALLOC_ARENA_MAX: Math.max(ARENAS_MIN, cores) };
  const left = Object.entries(settings).flatMap(([name, value]) => (env[name] === undefined ? [[name, String(value)]] : []));
  // Of one that is named twice the last counts.
  return { ...Object.fromEntries(left), GLIBC_TUNABLES: own === undefined || own === "" ? LARGE_PAGES : `${LARGE_PAGES}:${own}` };
}
