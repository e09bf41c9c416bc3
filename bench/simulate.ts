/**
 * Simulated fault schedules, as many as wanted, from a seed on; the seeds are shared out among the machine's cores:
 *
 *     node scripts/run-ts.mjs bench/simulate.ts [10000] [first seed]
 */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { addOutcomes, runSchedules } from "../test/sim/run-schedules.ts";
import type { SchedulesOutcome } from "../test/sim/run-schedules.ts";

const runTs = fileURLToPath(new URL("../scripts/run-ts.mjs", import.meta.url));

/** Shares of each core: all come to their end at about the same time. */
const SHARES_PER_CORE = 3;

/** In a process of its own. */
async function runShare(first: number, count: number): Promise<SchedulesOutcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [runTs, fileURLToPath(import.meta.url), String(count), String(first), "--share"]);
  return JSON.parse(stdout) as SchedulesOutcome;
}

async function runAll(first: number, count: number): Promise<void> {
  const started = performance.now();
  const cores = availableParallelism();
  const share = Math.ceil(count / cores / SHARES_PER_CORE);
  const outcomes: SchedulesOutcome[] = [];
  let next = first;
  await Promise.all(Array.from({ length: cores }, async () => {
    while (next < first + count) {
      const from = next;
      next += share;
      outcomes.push(await runShare(from, Math.min(share, first + count - from)));
    }
  }));
  const seconds = (performance.now() - started) / 1000;
  const { violations, happened } = addOutcomes(outcomes);
  console.log(`${count} schedules from seed ${first} in ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)} a second on ${cores} cores`);
  console.table(happened);
  for (const violation of violations) console.error(violation);
  console.log(violations.length === 0 ? "no violation" : "violations were found");
  process.exitCode = violations.length === 0 ? 0 : 1;
}

const [count = "10000", first = "0", mode] = process.argv.slice(2);
if (mode === "--share") console.log(JSON.stringify(await runSchedules(Number(first), Number(count))));
else await runAll(Number(first), Number(count));
