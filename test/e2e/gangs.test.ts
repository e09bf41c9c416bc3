/** Models cut over gangs of workers, in a program run as a process. */
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleProgram, runProgram } from "../support/bundle-program.ts";
import { writeGangModels } from "../support/gang-models.ts";
import { rankFile } from "../support/gang-ranks.ts";

let [two, four] = ["", ""];
beforeAll(async () => {
  [two, four] = await Promise.all([bundleProgram("gangs"), bundleProgram("gangs")]);
  writeGangModels(two, 2);
  writeGangModels(four, 4);
});

let runs = 0;

async function run(folder: string, name: string, ...args: readonly string[]) {
  const output = join(folder, `out-${runs++}`);
  const ended = await runProgram(folder, name, "--output", output, ...args);
  const letters = existsSync(join(output, "_errors")) ? readdirSync(join(output, "_errors")).filter((file) => file.endsWith(".jsonl")).map((file) => readFileSync(join(output, "_errors", file), "utf8")).join("") : "";
  return { ...ended, rows: existsSync(join(output, "rows.jsonl")) ? readFileSync(join(output, "rows.jsonl"), "utf8") : undefined, letters };
}

describe("a gang", () => {
  it("gives what the whole model gives, with two ranks, replicas of them, and four", async () => {
    const whole = await run(two, "whole");
    expect(whole.stderr).toContain("whole finished");
    expect(whole.rows?.split("\n")).toHaveLength(31);
    for (const ran of [await run(two, "two"), await run(two, "replicas"), await run(four, "four")]) {
      expect(ran).toMatchObject({ code: 0, rows: whole.rows });
    }
  });

  it("gives the same in one thread", async () => {
    const workers = await run(two, "two");
    expect(await run(two, "two", "--interpret", "--quiet")).toMatchObject({ code: 0, rows: workers.rows });
  });

  it("has a row that fails in one rank alone judged alone", async () => {
    const whole = await run(two, "whole", "--bad_at", "7");
    expect(whole.rows?.split("\n")).toHaveLength(30);
    for (const ran of [await run(two, "two", "--bad_at", "7"), await run(two, "two", "--bad_at", "7", "--interpret", "--quiet")]) {
      expect(ran).toMatchObject({ code: 0, rows: whole.rows });
      expect(ran.letters).toContain("idx=5000 must be within the inclusive range");
      expect(ran.letters.trim().split("\n")).toHaveLength(1);
    }
  });

  it("is started again when a member dies, and the batch is run again", async () => {
    const whole = await run(two, "whole");
    writeFileSync(join(two, "deaths"), "1");
    expect(await run(two, "two")).toMatchObject({ code: 0, rows: whole.rows, letters: "" });
    expect(readFileSync(join(two, "deaths"), "utf8")).toBe("0");
  });

  it("fails the job when a member dies twice at one batch", async () => {
    writeFileSync(join(four, "deaths"), "100");
    const ran = await run(four, "four");
    writeFileSync(join(four, "deaths"), "0");
    expect(ran).toMatchObject({ code: 5, rows: undefined });
    expect(ran.stderr).toMatch(/error\[R0207\]: model two_layers \(test\.pipe:1\), part 1 of 2: the worker of rank [123] ended with code 9/);
  });

  it("gets a process of its own, with all its ranks in one thread, when a member takes the engine with it", async () => {
    const whole = await run(two, "whole");
    writeFileSync(join(two, "deaths"), "1");
    rmSync(join(two, "opened"), { force: true });
    writeFileSync(join(two, "crash"), "");
    const ran = await run(two, "two");
    rmSync(join(two, "crash"));
    expect(ran).toMatchObject({ code: 0, rows: whole.rows, letters: "" });
    expect(ran.stderr).toContain("the engine was ended by SIGSEGV; `gang` has a process of its own from now on");
  });

  it("that cannot be loaded ends the run before the first row, and says which file is missing", async () => {
    renameSync(join(two, rankFile(1, 1)), join(two, "away"));
    const ran = await run(two, "two");
    renameSync(join(two, "away"), join(two, rankFile(1, 1)));
    expect(ran).toMatchObject({ code: 5, rows: undefined });
    expect(ran.stderr).toContain("error[R0202]: model `two_layers` (test.pipe:1): models/rank-1-segment-1.onnx does not exist");
  });

  it("runs on the device that the command line names, and on none that is not there", async () => {
    expect(await run(two, "two", "--device", "cpu")).toMatchObject({ code: 0 });
    const ran = await run(two, "two", "--device", "webgpu:7");
    expect(ran.code).toBe(5);
    expect(ran.stderr).toContain("error[R0201]: model `two_layers` (test.pipe:1) is placed on webgpu:7");
    expect(await run(two, "two", "--device", "gpu")).toMatchObject({ code: 2 });
  });
});
