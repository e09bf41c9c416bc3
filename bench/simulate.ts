/**
 * Simulated fault schedules, as many as wanted, from a seed on:
 *
 *     node scripts/run-ts.mjs bench/simulate.ts [10000] [first seed]
 */
import { runSchedules } from "../test/sim/run-schedules.ts";

const [count = "10000", first = "0"] = process.argv.slice(2);
const started = performance.now();
const { violations, happened } = runSchedules(Number(first), Number(count));
console.log(`${count} schedules from seed ${first} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
console.table(happened);
for (const violation of violations) console.error(violation);
console.log(violations.length === 0 ? "no violation" : "violations were found");
process.exitCode = violations.length === 0 ? 0 : 1;
