/**
 * Kills a real program at random moments, again and again, and holds what it wrote to an uninterrupted run:
 *
 *     node scripts/run-ts.mjs bench/kill-trials.ts [TRIALS [FIRST_SEED]]
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCli } from "../compiler/cli/main.ts";
import { runReference, runTrial, writeTrialProgram } from "../test/support/kill-trial.ts";

const trials = Number(process.argv[2] ?? 200);
const firstSeed = Number(process.argv[3] ?? 1);

/** A trial takes some seconds. */
const TOLD_EVERY = 20;

const parent = join(fileURLToPath(new URL("..", import.meta.url)), ".cache", "workplaces");
mkdirSync(parent, { recursive: true });
const folder = mkdtempSync(join(parent, "kill-trials-"));
let failed = 0;
try {
  writeTrialProgram(folder);
  const io = { cwd: folder, color: false, stdout: (text: string) => void process.stdout.write(text), stderr: (text: string) => void process.stderr.write(text) };
  if ((await runCli(["build"], io, "0.0.0")) !== 0) throw new Error("the program cannot be built");
  const reference = await runReference(folder);
  let kills = 0;
  let starts = 0;
  for (let seed = firstSeed; seed < firstSeed + trials; seed++) {
    const result = await runTrial(folder, seed, reference);
    kills += result.kills;
    starts += result.starts;
    for (const violation of result.violations) process.stdout.write(`seed ${seed}: ${violation}\n`);
    if (result.violations.length > 0) failed++;
    const done = seed - firstSeed + 1;
    if (done % TOLD_EVERY === 0) process.stdout.write(`${done} trials, ${kills} kills, ${starts} starts: ${failed} trials with violations\n`);
  }
  process.stdout.write(`all ${trials} trials, ${kills} kills, ${starts} starts, ${reference.files.size} files each: ${failed} trials with violations\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
