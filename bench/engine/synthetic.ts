/** Three stages that only sleep, through the whole engine: what it adds to the least time that the slots allow. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { benchFolder, repository } from "../support/fixtures.ts";
import { atMost } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

/** Units of the least time: 160 items of 10 units and 800 frames of one on 8 slots. */
const BOUND_UNITS = (160 * 10 + 800) / 8;

async function bundle(): Promise<string> {
  const file = join(benchFolder(), "synthetic.cjs");
  const { outputFiles } = await build({
    stdin: { contents: `import program from "./synthetic-program.ts"; import { main } from "../../runtime/index.ts"; main(program, __filename);`, resolveDir: join(repository, "bench", "support"), loader: "ts" },
    bundle: true, write: false, platform: "node", target: "node20", format: "cjs", logLevel: "silent",
    external: ["onnxruntime-node", "sharp", "tokenizers"],
  });
  writeFileSync(file, outputFiles[0]?.contents ?? "");
  return file;
}

/** From the moment the source is read to the last row: the baselines leave the start of their workers out as well. */
function seconds(file: string, pipeline: string, unitMs: number): number {
  const said = execFileSync(process.execPath, [file, pipeline, "--unit-ms", String(unitMs)], { cwd: benchFolder(), encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const times = (what: string): readonly number[] => [...said.matchAll(new RegExp(`^${what} (\\d+)`, "gm"))].map((found) => Number(found[1]));
  return (Math.max(...times("written")) - Math.min(...times("begun"))) / 1000;
}

async function run({ long }: BenchOptions): Promise<readonly Figure[]> {
  const file = await bundle();
  const figures: Figure[] = [];
  for (const unitMs of long ? [50, 500] : [50]) {
    for (const pipeline of ["fixed", "elastic"]) {
      const [took, bound] = [seconds(file, pipeline, unitMs), (BOUND_UNITS * unitMs) / 1000];
      figures.push({ what: `time over the bound, units of ${unitMs} ms, ${pipeline}`, value: took / bound, unit: "ratio", bar: atMost(unitMs === 50 ? 1.1 : 1.03), from: `${took.toFixed(2)} s of ${bound.toFixed(1)} s` });
    }
  }
  return figures;
}

export const syntheticBench: EngineBench = { name: "synthetic", about: "three stages that only sleep, on 8 + 4 slots, against the least time (--long: units of 0.5 s, too)", run };
