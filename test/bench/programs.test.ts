/** What benches make of a run that was watched. */
import { expect, test } from "vitest";
import { steadyCoreSeconds } from "../../bench/support/programs.ts";
import type { ProgramRun } from "../../bench/support/programs.ts";

const run = (openedMs: readonly number[], lastMs: number): ProgramRun => ({
  totalMs: 5000, cpuSeconds: 0, openedMs, residentBytesMax: 0, residentBytes: [],
  // Two cores, both busy or idle.
  cores: Array.from({ length: lastMs / 250 }, (_, index) => ({ atMs: (index + 1) * 250, seconds: (2 * (index + 1) * 250) / 1000 })),
});

test("core seconds of a row are taken between files that were begun while somebody looked", () => {
  expect(steadyCoreSeconds(run([1000, 2000, 3000], 4000), 10)).toBeCloseTo(0.2);
  // The run ended before the next look.
  expect(steadyCoreSeconds(run([1000, 2000, 3000, 4100], 4000), 10)).toBeCloseTo(0.2);
});

test("a run that nobody watched, or that was over at once, tells nothing", () => {
  expect(steadyCoreSeconds(run([1000, 2000], 0), 10)).toBeUndefined();
  expect(steadyCoreSeconds(run([1000, 4100], 4000), 10)).toBeUndefined();
});
