/** The same job done by others: a plain loop over onnxruntime, and Ray Data, as scripts beside the repository. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { benchFolder } from "./fixtures.ts";
import type { BenchOptions } from "../engine/bench.ts";

export interface BaselineJob {
  readonly input: string;
  readonly model: string;
  readonly batch: number;
}

export interface BaselineResult {
  readonly name: string;
  /** With everything, from the start of the process. */
  readonly totalSeconds: number;
  readonly rowsPerSecond: number;
}

type Baselines = NonNullable<BenchOptions["baselines"]>;

/** The loop with each of the thread counts that an expert would try; the better one. */
export function plainLoop(baselines: Baselines, job: BaselineJob): BaselineResult {
  const tried = [1, 2].map((threads) => run(baselines, "plain_baseline.py", `plain loop, ${threads} decoding`, job, ["--decode-threads", String(threads)]));
  return tried.sort((a, b) => a.totalSeconds - b.totalSeconds)[0] ?? tried[0];
}

/** Its three plans, as the script's head asks for. */
export function rayPlans(baselines: Baselines, job: BaselineJob): readonly BaselineResult[] {
  const plans: readonly (readonly [string, readonly string[]])[] = [["Ray split", []], ["Ray fused, 1 actor", ["--plan", "fused", "--actors", "1"]], ["Ray fused", ["--plan", "fused"]], ["Ray fused, no rebatch", ["--plan", "fused", "--no-rebatch"]]];
  return plans.map(([name, args]) => run(baselines, "ray_baseline.py", name, job, args));
}

function run({ python, folder }: Baselines, script: string, name: string, job: BaselineJob, args: readonly string[]): BaselineResult {
  const own = ["--input", job.input, "--model", job.model, "--output", join(benchFolder(), "baseline-out"), "--batch", String(job.batch), "--decoder", "pil-draft", "--resize", "squash"];
  const started = Date.now();
  const said = execFileSync(python, [join(folder, script), ...own, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const { rows_per_s: rate } = JSON.parse(said.trim().split("\n").at(-1) ?? "{}") as { readonly rows_per_s?: number };
  return { name, totalSeconds: (Date.now() - started) / 1000, rowsPerSecond: rate ?? NaN };
}
