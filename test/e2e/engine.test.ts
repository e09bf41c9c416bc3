/** Programs written by hand, bundled and run as processes: what users see of the engine. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleProgram, runProgram, startProgram } from "../support/bundle-program.ts";

let folder: string;
beforeAll(async () => {
  folder = await bundleProgram("branches");
});

/** Every file below a folder with its bytes, by relative path; hidden names too. */
function filesIn(path: string, under = ""): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(join(path, under)).sort().flatMap((name) => {
      const at = under === "" ? name : `${under}/${name}`;
      return statSync(join(path, at)).isDirectory() ? Object.entries(filesIn(path, at)) : [[at, readFileSync(join(path, at), "utf8")]];
    }),
  );
}

/** Runs a pipeline into a folder of its own and gives what it wrote. */
async function run(name: string, ...args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string; readonly files: Readonly<Record<string, string>> }> {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const ended = await runProgram(folder, ...args, "--output", join(place, "data"), "--other", join(place, "one.jsonl"));
  return { ...ended, files: filesIn(place) };
}

function rowsOf(text: string): readonly Record<string, unknown>[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("a run on workers", () => {
  it("writes rows in order, in files named by group, partition and roll-over, whatever the replicas", async () => {
    const one = await run("one", "one", "--rows", "50");
    const many = await run("many", "many", "--rows", "50");
    expect(one.stderr).toContain("one finished in");
    expect([one.code, many.code]).toEqual([0, 0]);
    const data = (files: Readonly<Record<string, string>>): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(files).filter(([name]) => !name.endsWith("_SUCCESS")));
    expect(data(many.files)).toEqual(data(one.files));
    const rows = rowsOf(one.files["one.jsonl"]);
    expect(rows.map((row) => row["id"])).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(rows[7]).toEqual({ id: 7, sum: 21, joined: "7", kind: "odd/äh" });
    expect(rows[15]).toEqual({ id: 15, sum: 45, joined: "", kind: "odd/äh" });
    // Splits of 17, 17 and 16 rows make chunks of 4, 4, 4, 4, 1 and so on; groups are 3 chunks, files at most 5 rows.
    const names = Object.keys(one.files).filter((name) => name.startsWith("data/part"));
    expect(names.slice(0, 4)).toEqual(["data/part-00000-000.jsonl", "data/part-00000-001.jsonl", "data/part-00000-002.jsonl", "data/part-00001-000.jsonl"]);
    expect(rowsOf(names.map((name) => one.files[name]).join("")).map((row) => row["id"])).toEqual(rows.map((row) => row["id"]));
    const odd = rowsOf(Object.entries(one.files).filter(([name]) => name.startsWith("data-by-kind/kind=odd%2F%C3%A4h/")).map(([, bytes]) => bytes).join(""));
    expect(odd.map((row) => row["id"])).toEqual(Array.from({ length: 25 }, (_, index) => 2 * index + 1));
    expect(odd[0]).not.toHaveProperty("kind");
    expect(one.stdout).toContain("… and 48 more rows");
    expect(Object.keys(one.files).filter((name) => name.includes("staging"))).toEqual([]);
  });

  it("writes the same bytes with --interpret, and says what each step makes of the first rows", async () => {
    const compiled = await run("compiled", "many", "--rows", "40");
    const interpreted = await run("interpreted", "many", "--rows", "40", "--interpret");
    expect(interpreted.code).toBe(0);
    expect(interpreted.files).toEqual(compiled.files);
    expect(interpreted.stderr).toContain("test.pipe:1 pictures row 1: { id: 1, pixels: tensor<f32>[1] }");
    const quiet = await run("interpreted-quietly", "many", "--rows", "4", "--interpret", "--quiet");
    expect([quiet.code, quiet.stderr]).toEqual([0, ""]);
  });

  it("copes with no rows at all", async () => {
    const none = await run("none", "many", "--rows", "0");
    expect(none.code).toBe(0);
    expect(none.files["one.jsonl"]).toBe("");
    expect(none.files["data/part-00000-000.jsonl"]).toBe("");
  });

  it("stops reading where a limit is reached", async () => {
    const log = join(folder, "limited.log");
    const limited = await run("limited", "limited", "--rows", "1000000", "--log", log);
    expect(limited.code).toBe(0);
    expect(rowsOf(limited.files["one.jsonl"]).map((row) => row["id"])).toEqual(Array.from({ length: 10 }, (_, index) => index));
    expect(readFileSync(log, "utf8").length / 2).toBeLessThan(10_000);
  });

  it("lets through no more rows than the plan's tickets while a sink is slow", async () => {
    const log = join(folder, "slow.log");
    const ended = await runProgram(folder, "back_pressure", "--rows", "400", "--splits", "1", "--log", log);
    expect(ended.stderr).toContain("back_pressure finished");
    let ahead = 0;
    let most = 0;
    for (const line of readFileSync(log, "utf8").trim().split("\n")) {
      ahead += line === "r" ? 1 : -1;
      most = Math.max(most, ahead);
    }
    expect(ahead).toBe(0);
    // Four tickets of four rows each, and the three rows that this source reads at once.
    expect(most).toBeLessThanOrEqual(4 * 4 + 3);
    expect(most).toBeGreaterThan(4);
  });
});

it("a run that holds more bytes than its plan says ends as a bug of ours", async () => {
  const beyond = await run("beyond", "beyond_bound");
  expect(beyond.code).toBe(70);
  expect(beyond.stderr).toContain("the plan's bound for the whole run is 10");
  expect(beyond.files).toEqual({});
});

describe("a fault of the job", () => {
  it("ends the run in row order, and not at all where no row is wanted any more", async () => {
    for (const mode of [[], ["--interpret"]]) {
      const fine = await run(`past-the-limit${mode.length}`, "ahead", "--fail_at", "1000", "--splits", "1", "--vanish_at", "15", ...mode);
      expect(fine.code, fine.stderr).toBe(0);
      const gone = await run(`gone${mode.length}`, "ahead", "--fail_at", "1000", "--splits", "1", "--vanish_at", "9", ...mode);
      expect(gone.code).toBe(5);
      expect(gone.stderr).toContain("error[R0143]: numbers-0.txt has gone");
      expect(gone.files).toEqual({});
      const torn = await run(`torn${mode.length}`, "ahead", "--fail_at", "2", "--splits", "1", "--vanish_at", "9", ...mode);
      expect(torn.stderr).toContain("2 is torn");
    }
  });
});

describe("row errors", () => {
  it('end the run where errors is "fail": the row is named, nothing is published', async () => {
    const failed = await run("failed", "many", "--fail_at", "30");
    expect(failed.code).toBe(5);
    expect(failed.stderr).toContain("error[R0160]: numbers-1.txt, line 14: the picture is torn (pictures, test.pipe:1)");
    expect(failed.stderr).not.toMatch(/\n\s+at /);
    expect(failed.files).toEqual({});
  });

  it("name the first row in row order, whichever worker was first", async () => {
    const failed = await run("first-failure", "ahead", "--fail_at", "5", "--splits", "1");
    expect(failed.code).toBe(5);
    expect(failed.stderr).toContain("error[R0160]: numbers-0.txt, line 6: 5 is torn (checked, test.pipe:1)");
  });

  it("do not count where they were read ahead of a limit: as with --interpret", async () => {
    for (const pipeline of ["ahead", "ahead_letters"]) {
      const args = [pipeline, "--fail_at", "12", "--splits", "1", "--rows", "40"];
      const compiled = await run(`${pipeline}-compiled`, ...args);
      const interpreted = await run(`${pipeline}-interpreted`, ...args, "--interpret");
      expect([compiled.code, interpreted.code], compiled.stderr).toEqual([0, 0]);
      expect(compiled.files).toEqual(interpreted.files);
      expect(compiled.stderr).toContain("12 read, 2 left out, 0 dead");
      expect(interpreted.stderr).toContain("12 read, 2 left out, 0 dead");
    }
    // The chunk that the limit ends in holds rows 8 to 11: what fails there is seen by both.
    const args = ["ahead_letters", "--fail_at", "10", "--splits", "1", "--rows", "40"];
    const compiled = await run("ahead-last-compiled", ...args);
    const interpreted = await run("ahead-last-interpreted", ...args, "--interpret");
    expect(rowsOf(compiled.files["data/_errors/part-00000.jsonl"]).map((row) => row["row"])).toEqual([10, 11]);
    expect(compiled.files).toEqual(interpreted.files);
  });

  it("are set aside with source, place, step and reason, in row order", async () => {
    const run1 = await run("letters", "letters", "--fail_at", "30", "--bad_every", "20");
    expect(run1.stderr).toContain("3 dead");
    expect(run1.code).toBe(0);
    expect(rowsOf(run1.files["data/_errors/part-00000.jsonl"])).toEqual([
      { file: "numbers-1.txt", place: "line 3", row: 2, step: "numbers", at: "test.pipe:1:1", message: "not a number" },
      { file: "numbers-1.txt", place: "line 14", row: 13, step: "pictures", at: "test.pipe:1:1", message: "the picture is torn" },
      { file: "numbers-2.txt", place: "line 6", row: 5, step: "numbers", at: "test.pipe:1:1", message: "not a number" },
    ]);
    expect(rowsOf(run1.files["one.jsonl"]).map((row) => row["id"])).toEqual(Array.from({ length: 50 }, (_, index) => index).filter((index) => ![19, 30, 39].includes(index)));
    const interpreted = await run("letters-interpreted", "letters", "--fail_at", "30", "--bad_every", "20", "--interpret");
    expect(interpreted.files).toEqual(run1.files);
  });

  it("over the budget end with 4 and the good rows, or stop the run with 5 where they come thick", async () => {
    const over = await run("over", "skipping", "--bad_every", "4");
    expect(over.code).toBe(4);
    expect(over.stderr).toContain("error[R0161]: 12 of 50 rows failed, more than the pipeline's `errors` setting allows; the first: numbers-0.txt, line 4: not a number (numbers, test.pipe:1); the output holds the others");
    expect(rowsOf(over.files["one.jsonl"])).toHaveLength(38);
    const thick = await run("thick", "skipping", "--bad_every", "4", "--rows", "100000");
    expect(thick.code).toBe(5);
    expect(thick.stderr).toMatch(/error\[R0161\]: .* allows; the first: numbers-0\.txt, line 4: not a number/);
    expect(thick.files).toEqual({});
  });
});

describe("outputs", () => {
  it("of an earlier run of the pipeline are replaced, those of others are not", async () => {
    const first = await run("replaced", "many", "--rows", "50");
    const second = await run("replaced", "many", "--rows", "6");
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(Object.keys(second.files).filter((name) => name.startsWith("data/part"))).toEqual(["data/part-00000-000.jsonl", "data/part-00000-001.jsonl"]);
    writeFileSync(join(folder, "replaced", "data", "mine.jsonl"), "mine\n");
    const refused = await run("replaced", "many", "--rows", "7");
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain("error[R0150]");
    expect(refused.stderr).toContain("mine.jsonl");
    expect(refused.files).toEqual({ ...second.files, "data/mine.jsonl": "mine\n" });
    const overwritten = await run("replaced", "many", "--rows", "7", "--overwrite");
    expect(overwritten.code).toBe(0);
    expect(overwritten.files).not.toHaveProperty("data/mine.jsonl");
  });

  it("of another pipeline in the folder are refused", async () => {
    await run("shared", "many", "--rows", "5");
    const other = await run("shared", "one", "--rows", "5");
    expect(other.code).toBe(5);
    expect(other.stderr).toContain("error[R0150]");
  });
});

describe("the process", () => {
  it("names what is wrong with the command line, and exits with 2", async () => {
    const unknown = await runProgram(folder, "many", "--rowz", "3");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr.trim().split("\n")).toHaveLength(1);
    expect(unknown.stderr).toContain("--rows");
  });

  it("names a missing input, and exits with 5", async () => {
    const missing = await run("missing", "many", "--missing");
    expect(missing.code).toBe(5);
    expect(missing.stderr).toBe("error[R0140]: numbers.txt does not exist\n");
    expect(missing.files).toEqual({});
  });

  it("survives a worker that dies", async () => {
    const died = await run("died", "many", "--bug");
    expect(died.code).toBe(5);
    expect(died.stderr).toContain("error[R0171]: the worker of pictures ended before its work was done");
    expect(died.files).toEqual({});
  });

  it.skipIf(process.platform === "win32").each(["on-workers", "interpret"])("ends cleanly when interrupted (%s)", async (way) => {
    const log = join(folder, `interrupted-${way}.log`);
    const { child, ended } = startProgram(folder, ["back_pressure", "--rows", "1000000", "--log", log, ...(way === "interpret" ? ["--interpret"] : [])]);
    while (!existsSync(log)) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain("interrupted: nothing was published");
  });

  it("speaks JSON where asked", async () => {
    const { stdout } = await run("json", "many", "--json");
    const last = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    expect(last).toMatchObject({ event: "summary", pipeline: "many", outcome: "finished", rowsIn: 50 });
  });
});
