/**
 * Random pipelines under random faults, to their end. A seed that fails is named, and replays:
 *
 *     SIM_SEED=1234 npx vitest run test/sim/schedules.test.ts
 *     node scripts/run-ts.mjs bench/simulate.ts 10000
 */
import { expect, it } from "vitest";
import { runSchedules } from "./run-schedules.ts";

const seed = process.env["SIM_SEED"];
const SCHEDULES = 500;

it(seed === undefined ? `brings ${SCHEDULES} schedules with faults to their end, every row once` : `brings schedule ${seed} to its end`, async () => {
  const outcome = seed === undefined ? await runSchedules(0, SCHEDULES) : await runSchedules(Number(seed), 1);
  expect(outcome.violations).toEqual([]);
  if (seed !== undefined) return;
  // The schedules are worth something only if all of this happens in them.
  for (const [kind, count] of Object.entries(outcome.happened)) expect(count, kind).toBeGreaterThan(0);
});
