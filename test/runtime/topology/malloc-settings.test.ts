import { expect, test } from "vitest";
import { mallocSettings } from "../../../runtime/topology/malloc-settings.ts";

test("an engine keeps freed memory, shares it between threads, and asks for large pages", () => {
  expect(mallocSettings({}, 16)).toEqual({ MALLOC_MMAP_THRESHOLD_: "33554432", MALLOC_TRIM_THRESHOLD_: "268435456", MALLOC_ARENA_MAX: "16", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" });
  expect(mallocSettings({ GLIBC_TUNABLES: "" }, 1)).toMatchObject({ MALLOC_ARENA_MAX: "2", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" });
});

test("what the user has set counts", () => {
  const made = mallocSettings({ MALLOC_TRIM_THRESHOLD_: "0", MALLOC_ARENA_MAX: "1", GLIBC_TUNABLES: "glibc.malloc.tcache_count=2:glibc.malloc.hugetlb=0" }, 16);
  expect(made).toEqual({ MALLOC_MMAP_THRESHOLD_: "33554432", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=2:glibc.malloc.hugetlb=0" });
});
