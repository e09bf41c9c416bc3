/** What is shown of a run and said about it later: only what is asked for, and only what is so. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const program = `edition 1

param input: uri = "notes.jsonl"

record Note { id: i64 }

pipeline notes {
  with { errors: dead_letter("out/notes/_errors", max: 50%) }
  let raw = read jsonl(input) as Note
  write raw to jsonl("out/notes")
}
`;

let folder = "";
beforeAll(async () => {
  folder = makeWorkplace({ "one.pipe": program, "two.pipe": program.replaceAll("out/notes", "out/other"), "notes.jsonl": '{"id":1}\n{"id":2}\n', "bad.jsonl": '{"id":1}\n{"id":"x"}\n' });
  for (const name of ["one", "two"]) expect(await pipec(folder, "build", `${name}.pipe`, "-o", `${name}.js`)).toMatchObject({ code: 0, stderr: "" });
});

test("--quiet prints nothing but faults, as JSON neither", async () => {
  for (const words of [[], ["--json"], ["--metrics", ":0"]]) expect(await node(folder, "one.js", "--quiet", ...words)).toMatchObject({ code: 0, stdout: "", stderr: "" });
});

test.each(["folder", "folder/", "/", "missing/run.html", "missing/", "notes.jsonl/run.html", ""])("--report and --trace refuse %j before the first row", async (path) => {
  mkdirSync(join(folder, "folder"), { recursive: true });
  for (const word of ["--report", "--trace"]) {
    const ended = await node(folder, "two.js", word, path);
    expect(ended).toMatchObject({ code: 5, stdout: "" });
    expect(ended.stderr).toMatch(new RegExp(`^error\\[R0180\\]: the ${word.slice(2)} ${path} cannot be written: `));
  }
  expect(existsSync(join(folder, "out", "other"))).toBe(false);
});

test("a report may replace what is there, and leaves nothing where its run is refused", async () => {
  writeFileSync(join(folder, "run.html"), "old");
  expect(await node(folder, "one.js", "--quiet", "--report", "run.html")).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, "run.html"), "utf8")).toMatch(/^<!doctype html>/i);
  expect(await node(folder, "one.js", "--quiet", "--report", "never.html", "--trace", "missing/run.json")).toMatchObject({ code: 5 });
  expect(existsSync(join(folder, "never.html"))).toBe(false);
});

test("dead letters are named where there are any", async () => {
  const summaryOf = async (input: string): Promise<unknown> => JSON.parse((await node(folder, "one.js", "--json", "--input", input)).stdout.trim().split("\n").at(-1) ?? "");
  const whole = await summaryOf("notes.jsonl");
  expect(whole).toMatchObject({ event: "summary", rowsDead: 0 });
  expect(whole).not.toHaveProperty("deadLetters");
  expect(await summaryOf("bad.jsonl")).toMatchObject({ rowsDead: 1, deadLetters: "out/notes/_errors" });
});

test("pipec log lists the runs of the program it is asked for", async () => {
  expect(await node(folder, "two.js", "--quiet")).toMatchObject({ code: 0 });
  const programsIn = async (...words: readonly string[]): Promise<ReadonlySet<unknown>> => {
    const runs: readonly { readonly program?: string }[] = JSON.parse((await pipec(folder, "log", "--json", ...words)).stdout);
    return new Set(runs.map((run) => run.program));
  };
  expect(await programsIn("one.pipe")).toEqual(new Set(["one"]));
  expect(await programsIn("two.pipe")).toEqual(new Set(["two"]));
  expect(await programsIn("one.js")).toEqual(new Set(["one", "two"]));
});
