/**
 * Simulated fault schedules, as many as wanted, from a seed on; the seeds are shared out among the machine's cores:
 *
 *     node scripts/run-ts.mjs bench/simulate.ts [10000] [first seed]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { addOutcomes, runSchedules } from "../test/sim/run-schedules.ts";
import type { SchedulesOutcome } from "../test/sim/run-schedules.ts";

const runTs = fileURLToPath(new URL("../scripts/run-ts.mjs", import.meta.url));

/** So few that all processes come to their end at about the same time. */
const SHARE_SCHEDULES = 100;

interface Share {
  readonly first: number;
  readonly count: number;
}

interface Runner {
  readonly run: (share: Share) => Promise<SchedulesOutcome>;
  readonly end: () => void;
}

/** A process that runs one share after the other, so that what it has compiled serves all of them. */
function startRunner(): Runner {
  const child = fork(runTs, [fileURLToPath(import.meta.url), "--share"]);
  const ended = once(child, "exit").then(([code]) => Promise.reject(new Error(`a process of the simulation ended with ${code}`)));
  ended.catch(() => {});
  const run = async (share: Share): Promise<SchedulesOutcome> => {
    child.send(share);
    const [outcome] = await Promise.race([once(child, "message"), ended]);
    return outcome as SchedulesOutcome;
  };
  return { run, end: () => child.disconnect() };
}

async function runAll(first: number, count: number): Promise<void> {
  const started = performance.now();
  const cores = availableParallelism();
  const outcomes: SchedulesOutcome[] = [];
  let next = first;
  await Promise.all(Array.from({ length: cores }, async () => {
    const runner = startRunner();
    while (next < first + count) {
      const from = next;
      next += SHARE_SCHEDULES;
      outcomes.push(await runner.run({ first: from, count: Math.min(SHARE_SCHEDULES, first + count - from) }));
    }
    runner.end();
  }));
  const seconds = (performance.now() - started) / 1000;
  const { violations, happened } = addOutcomes(outcomes);
  console.log(`${count} schedules from seed ${first} in ${seconds.toFixed(1)} s, ${(count / seconds).toFixed(0)} a second on ${cores} cores`);
  console.table(happened);
  for (const violation of violations) console.error(violation);
  console.log(violations.length === 0 ? "no violation" : "violations were found");
  process.exitCode = violations.length === 0 ? 0 : 1;
}

const [count = "10000", first = "0"] = process.argv.slice(2);
if (count === "--share") process.on("message", (share: Share) => void runSchedules(share.first, share.count).then((outcome) => process.send?.(outcome)));
else await runAll(Number(first), Number(count));
