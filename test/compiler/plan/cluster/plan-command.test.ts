/** `pipec plan` for hardware: its texts, its JSON against the published schema, its page, its differences. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run as runBench } from "../../../../compiler/cli/commands/bench.ts";
import { run as runBuild } from "../../../../compiler/cli/commands/build.ts";
import { run } from "../../../../compiler/cli/commands/plan.ts";
import { readCalibration } from "../../../../compiler/plan/cluster/read-calibration.ts";
import { diffPlans, parseClusterPlan } from "../../../../compiler/plan/cluster/diff-plans.ts";
import { createModelBuilder } from "../../../../compiler/onnx/build-model.ts";
import { builtBytes } from "../../../support/onnx-models.ts";

const schema: unknown = JSON.parse(readFileSync(fileURLToPath(new URL("../../../../compiler/plan/cluster/plan.schema.json", import.meta.url)), "utf8"));
const fitsSchema = new Ajv({ allowUnionTypes: true }).compile(typeof schema === "object" && schema !== null ? schema : {});

const program = `edition 1
import { aws } from "std/hw"
record Row { id: string, x: tensor<f32>[64] }
model dense(x: tensor<f32>[N, 64]) -> (y: tensor<f32>[N, 32]) { file: "dense.onnx" }
pipeline score {
  let scored = read parquet("in.parquet") as Row |> { .id, ..dense(.x) }
  write scored to parquet("out")
}
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pipec-plan-"));
  const graph = createModelBuilder(17);
  graph.input("x", "f32", ["N", 64]);
  graph.output("y", "f32", ["N", 32]);
  graph.node("MatMul", ["x", graph.weight("w", [64, 32], 0.1)], {}, { outputs: ["y"] });
  writeFileSync(join(folder, "dense.onnx"), builtBytes(graph));
  writeFileSync(join(folder, "main.pipe"), program);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function plan(options: Readonly<Record<string, unknown>>) {
  let [out, errors] = ["", ""];
  const status = await run({ positionals: ["main.pipe"], options }, { cwd: folder, color: false, stdout: (text) => void (out += text), stderr: (text) => void (errors += text) });
  return { status, out, errors };
}

describe("pipec plan for hardware", () => {
  test("JSON follows the schema, and is the same every time", async () => {
    const { status, out } = await plan({ hw: "aws.g4dn_12xlarge", json: true });
    expect(status).toBe(0);
    expect(fitsSchema(JSON.parse(out)), JSON.stringify(fitsSchema.errors)).toBe(true);
    expect((await plan({ hw: "aws.g4dn_12xlarge", json: true })).out).toBe(out);
  });

  test("says how long a job takes and what it costs", async () => {
    expect((await plan({ hw: "aws.m5_large", rows: "1_000_000" })).out).toMatch(/1,000,000 rows: [\d.]+ s, \$0\.\d+/);
    expect(await plan({ hw: "aws.m5_large", rows: "some" })).toMatchObject({ status: 2, out: "", errors: expect.stringContaining("P1145") });
  });

  test("writes a page that loads nothing", async () => {
    expect((await plan({ hw: "aws.g4dn_12xlarge", html: "plan.html" })).status).toBe(0);
    const page = readFileSync(join(folder, "plan.html"), "utf8");
    expect(page).toContain("dense");
    expect(page).toMatch(/0 ms<\/text>.*[\d.]+ ms<\/text>/);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
    expect(page).not.toMatch(/<script|<link|src=|https?:/);
  });

  test("shows what differs from an earlier plan", async () => {
    const { out } = await plan({ hw: "aws.g4dn_12xlarge", json: true });
    writeFileSync(join(folder, "old.json"), out);
    expect((await plan({ hw: "aws.g4dn_12xlarge", diff: "old.json" })).out).toBe("no difference\n");
    expect((await plan({ hw: "aws.g5_12xlarge", diff: "old.json" })).out).toMatch(/^ {2}hardware\[g4dn|^- hardware\[g4dn\.12xlarge\]\.count: 1/m);
    expect((await plan({ hw: "aws.g5_12xlarge", diff: "main.pipe" })).errors).toContain("P1143");
  });

  test("calibration overrides estimates and says so", async () => {
    writeFileSync(join(folder, "calibration.json"), JSON.stringify({ version: 1, machine: "test", coreSpeed: 1, models: [{ name: "dense", batch: 8, threads: 1, msPerBatch: 800 }], stages: [{ label: "parquet 1", nsPerSourceRow: 5 }] }));
    const { out } = await plan({ hw: "aws.m5_large", calibration: "calibration.json" });
    expect(out).toContain("(measured)");
    expect(out).toContain("what was measured on test takes longer or shorter on Xeon Cascade Lake core as their peak rates differ");
    writeFileSync(join(folder, "calibration.json"), JSON.stringify({ version: 1, machine: "test", coreSpeed: 1, models: [{ name: "dense" }], stages: [] }));
    expect(await plan({ hw: "aws.m5_large", calibration: "calibration.json" })).toMatchObject({ status: 2, errors: expect.stringContaining("lacks its name, batch") });
  });

  test("needs hardware for what is about hardware", async () => {
    expect(await plan({ rows: "5" })).toMatchObject({ status: 2, errors: expect.stringContaining("P1144") });
    expect((await plan({ hw: "nothing.json" })).errors).toContain("P1130");
  });
});

describe("pipec bench", () => {
  const bench = async (options: Readonly<Record<string, unknown>>) => {
    let [out, errors] = ["", ""];
    const status = await runBench({ positionals: ["main.pipe"], options }, { cwd: folder, color: false, stdout: (text) => void (out += text), stderr: (text) => void (errors += text) });
    return { status, out, errors };
  };

  test("measures models, takes stages from a run, and writes what plan reads", async () => {
    const summary = { event: "summary", elapsedMs: 2000, rowsIn: 1000, stages: [{ label: "parquet 1", replicas: 2, busyShare: 0.25 }, { label: "idle", replicas: 1, busyShare: 0 }] };
    writeFileSync(join(folder, "run.jsonl"), `{"event":"progress"}\n${JSON.stringify(summary)}\n`);
    const { status, out } = await bench({ batch: "2,4", fromRun: "run.jsonl" });
    expect(status).toBe(0);
    const read = readCalibration(out);
    if ("wrong" in read) throw new Error(read.wrong);
    expect(read.models.map(({ name, batch, threads }) => [name, batch, threads])).toEqual([["dense", 2, 1], ["dense", 4, 1]]);
    for (const { msPerBatch } of read.models) expect(msPerBatch).toBeGreaterThan(0);
    expect(read.stages).toEqual([{ label: "parquet 1", nsPerSourceRow: 1_000_000 }]);
  });

  test("says what it cannot use", async () => {
    expect(await bench({ batch: "few" })).toMatchObject({ status: 2, errors: expect.stringContaining("P1147") });
    expect(await bench({ fromRun: "main.pipe" })).toMatchObject({ status: 2, errors: expect.stringContaining("P1143") });
  });
});

test("differences are figure by figure, items by name", () => {
  const before = parseClusterPlan(JSON.stringify({ version: 1, pipelines: [{ name: "a", rowsPerSecond: 10, lanes: [{ device: "T4", stages: [{ id: "m", replicas: 2 }] }] }] }));
  const after = parseClusterPlan(JSON.stringify({ version: 1, pipelines: [{ name: "a", rowsPerSecond: 10, lanes: [{ device: "T4", stages: [{ id: "m", replicas: 4, degree: 2 }] }] }] }));
  if (before === undefined || after === undefined) throw new Error("the plans do not parse");
  expect(diffPlans(before, after)).toEqual(["  pipelines[a].lanes[T4].stages[m].replicas: 2 -> 4", "+ pipelines[a].lanes[T4].stages[m].degree: 2"]);
  expect(parseClusterPlan("[]")).toBeUndefined();
});

describe("pipec build for hardware", () => {
  async function build(options: Readonly<Record<string, unknown>>) {
    let errors = "";
    const status = await runBuild({ positionals: ["main.pipe"], options: { out: "built/out.js", ...options } }, { cwd: folder, color: false, stdout: () => {}, stderr: (text) => void (errors += text) });
    const read = (name: string): string => readFileSync(join(folder, "built", "out", name), "utf8");
    return { status, errors, read };
  }
  const rateOf = (text: string): number => Number(/predicted: ([\d,.]+) rows\/s/.exec(text)?.[1]?.replaceAll(",", ""));

  test("the program knows what one machine of the hardware is to do, stage by stage", async () => {
    const { status, read } = await build({ hw: "aws.m5_large" });
    expect(status).toBe(0);
    expect(read("plan.txt")).toMatch(/predicted: [\d,]+ rows\/s on m5.large, limited by /);
    expect(read("program.ts")).toMatch(/predicted: \{ rowsPerSecond: [\d.]+, bottleneck: ".+", machine: "m5.large", stages: \[[\d.]+, [\d.]+(, [\d.]+)*\] \},/);
  });

  test("what was measured decides what is predicted", async () => {
    const estimated = rateOf((await build({ hw: "aws.m5_large" })).read("plan.txt"));
    writeFileSync(join(folder, "slow.json"), JSON.stringify({ version: 1, machine: "test", coreSpeed: 1, models: [{ name: "dense", batch: 8, threads: 1, msPerBatch: 800 }], stages: [] }));
    const { status, read } = await build({ hw: "aws.m5_large", calibration: "slow.json" });
    expect(status).toBe(0);
    expect(rateOf(read("plan.txt"))).toBeLessThan(estimated / 10);
  });

  test("of several equal machines, each does its share", async () => {
    writeFileSync(join(folder, "four.json"), JSON.stringify({ nodes: [{ count: 4, node: "aws.m5_large" }] }));
    const [one, four] = [await build({ hw: "aws.m5_large" }).then(({ read }) => rateOf(read("plan.txt"))), await build({ hw: "four.json" }).then(({ read }) => rateOf(read("plan.txt")))];
    expect(four).toBeGreaterThan(0);
    expect(four).toBeLessThanOrEqual(one * 1.001);
    expect(four).toBeGreaterThan(one * 0.5);
  });

  test("measurements without hardware are refused, and so is what cannot be read", async () => {
    writeFileSync(join(folder, "slow.json"), JSON.stringify({ version: 1, machine: "test", coreSpeed: 1, models: [], stages: [] }));
    expect(await build({ calibration: "slow.json" })).toMatchObject({ status: 2, errors: expect.stringContaining("P1144") });
    expect(await build({ hw: "aws.m5_large", calibration: "main.pipe" })).toMatchObject({ status: 2, errors: expect.stringContaining("P1143") });
    expect(await build({ hw: "missing.json" })).toMatchObject({ status: 2 });
  });
});
