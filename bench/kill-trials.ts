/**
 * Kills a real program at random moments, again and again, and holds what it wrote to an uninterrupted run:
 *
 *     node scripts/run-ts.mjs bench/kill-trials.ts [TRIALS [FIRST_SEED]]
 *
 * One for each core at a time.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
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
  let [next, done, kills, starts] = [firstSeed, 0, 0, 0];
  const tell = (what: string): void => void process.stdout.write(`${what} trials, ${kills} kills, ${starts} starts: ${failed} trials with violations\n`);
  const lane = async (): Promise<void> => {
    while (next < firstSeed + trials) {
      const seed = next++;
      const result = await runTrial(folder, seed, reference);
      kills += result.kills;
      starts += result.starts;
      for (const violation of result.violations) process.stdout.write(`seed ${seed}: ${violation}\n`);
      if (result.violations.length > 0) failed++;
      if (++done % TOLD_EVERY === 0) tell(String(done));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  tell(`${reference.files.size} files each; all ${trials}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
