import { expect, test } from "vitest";
import { withMallocSettings } from "../../../runtime/topology/malloc-settings.ts";

test("an engine keeps freed memory and asks for large pages", () => {
  expect(withMallocSettings({ HOME: "/home/a" })).toEqual({ HOME: "/home/a", MALLOC_MMAP_THRESHOLD_: "33554432", MALLOC_TRIM_THRESHOLD_: "268435456", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" });
  expect(withMallocSettings({ GLIBC_TUNABLES: "" })).toMatchObject({ GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" });
});

test("what the user has set counts", () => {
  const made = withMallocSettings({ MALLOC_TRIM_THRESHOLD_: "0", GLIBC_TUNABLES: "glibc.malloc.arena_max=2:glibc.malloc.hugetlb=0" });
  expect(made).toEqual({ MALLOC_MMAP_THRESHOLD_: "33554432", MALLOC_TRIM_THRESHOLD_: "0", GLIBC_TUNABLES: "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=2:glibc.malloc.hugetlb=0" });
});
