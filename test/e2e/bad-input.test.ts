/**
 * What goes wrong for users, from the text of the program to a row of the data: one clear message with the place, the
 * right exit code, no stack trace, and nothing half-written under a final name.
 */
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copySample, makeWorkplace, node, pipec, readTree } from "../support/workplace.ts";
import type { Ended } from "../support/workplace.ts";

const program = `edition 1

param input: uri = "notes.jsonl"
param output: uri = "out/notes"
param most: int in 1..100 = 50
param label: string = "x"

record Note { id: string, text: string }

pipeline notes {
  let raw = read jsonl(input) as Note
  let cut = raw |> { .id, text: truncate(.text, max: most) }
  write cut to jsonl(output)
}
`;

const notes = '{"id": "a", "text": "first"}\n{"id": "b", "text": "second"}\n';

async function build(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = makeWorkplace(files);
  const { code, stderr } = await pipec(folder, "build");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return folder;
}

/** One message on stderr, without a trace. */
function expectClear(ended: Ended, code: number, ...parts: readonly string[]): void {
  for (const part of parts) expect(ended.stderr).toContain(part);
  expect(ended.stderr).not.toMatch(/^\s+at .*\(|node:internal|\.ts:\d+:\d+/m);
  expect(ended.code).toBe(code);
}

/** Files under their final names; staging and other hidden files do not count, and must be gone too. */
function finalFiles(folder: string): readonly string[] {
  return [...readTree(folder).keys()];
}

describe("a program's command line", () => {
  test.each([
    ["an unknown param", ["--inptu", "x"], 2, "--inptu"],
    ["a value of the wrong type", ["--most", "many"], 2, "--most"],
    ["a value out of range", ["--most", "101"], 2, "--most"],
    ["a missing value", ["--most"], 2, "--most"],
    ["a missing input", ["--input", "nothing.jsonl"], 5, "nothing.jsonl"],
  ])("%s", async (_what, argv, code, part) => {
    const folder = await build({ "notes.pipe": program, "notes.jsonl": notes });
    const ended = await node(folder, "out.js", ...argv);
    expectClear(ended, code, part);
    expect(finalFiles(join(folder, "out", "notes"))).toEqual([]);
  });

  test("params, defaults and ranges are in --help", async () => {
    const folder = await build({ "notes.pipe": program, "notes.jsonl": notes });
    const { code, stdout } = await node(folder, "out.js", "--help");
    expect(code).toBe(0);
    for (const part of ["--input", "notes.jsonl", "--most", "50"]) expect(stdout).toContain(part);
  });
});

describe("data", () => {
  test("a row that is no JSON: the file and line, exit 5, nothing published", async () => {
    const folder = await build({ "notes.pipe": program, "notes.jsonl": `${notes}{"id": \n` });
    expectClear(await node(folder, "out.js"), 5, "notes.jsonl", "line 3");
    expect(finalFiles(join(folder, "out", "notes"))).toEqual([]);
  });

  test("a missing field: the file, line and field", async () => {
    const folder = await build({ "notes.pipe": program, "notes.jsonl": `${notes}{"id": "c"}\n` });
    expectClear(await node(folder, "out.js"), 5, "notes.jsonl", "line 3", "text");
    expect(finalFiles(join(folder, "out", "notes"))).toEqual([]);
  });

  test("a corrupt picture goes to the dead letters with its file; over the budget the run ends with 4", async () => {
    const folder = copySample("ocr");
    for (let line = 4; line <= 80; line++) rmSync(join(folder, "data", "lines", `line-${String(line).padStart(2, "0")}.png`));
    truncateSync(join(folder, "data", "lines", "line-02.png"), 500);
    const source = readFileSync(join(folder, "ocr.pipe"), "utf8");
    writeFileSync(join(folder, "ocr.pipe"), source.replace("max: 1%", "max: 0%"));
    expect((await pipec(folder, "build")).code).toBe(0);
    const ended = await node(folder, "out.js");
    expectClear(ended, 4, "1 dead");
    const dead = [...readTree(join(folder, "out", "ocr", "_errors"))].filter(([name]) => name.endsWith(".jsonl")).map(([, bytes]) => bytes.toString("utf8")).join("");
    expect(dead).toContain("line-02.png");
    expect(dead.trim().split("\n")).toHaveLength(1);
  });

  test("a column of another type: the file and the column", async () => {
    const folder = copySample("resnet50");
    const source = readFileSync(join(folder, "resnet50.pipe"), "utf8");
    writeFileSync(join(folder, "resnet50.pipe"), source.replace("jpeg: bytes }", "jpeg: bytes, size: int }").replace("{ .id, pixels:", "{ id: .id, size: .size, pixels:").replace("{ .id, ..resnet50", "{ .id, .size, ..resnet50").replace("{ .id, label:", "{ .id, .size, label:"));
    const built = await pipec(folder, "build");
    expect(built).toMatchObject({ code: 0, stderr: "" });
    expectClear(await node(folder, "out.js"), 5, "photos.parquet", "size");
    expect(finalFiles(join(folder, "out", "resnet50"))).toEqual([]);
  });
});

describe("models", () => {
  test("a truncated file is reported at the model, and nothing is written", async () => {
    const folder = copySample("text-branch");
    const model = readFileSync(join(folder, "models", "spam.onnx"));
    writeFileSync(join(folder, "short.onnx"), model.subarray(0, model.length - 1000));
    const source = readFileSync(join(folder, "text-branch.pipe"), "utf8");
    writeFileSync(join(folder, "text-branch.pipe"), source.replace("models/spam.onnx", "short.onnx"));
    const built = await pipec(folder, "build");
    expectClear(built, 1, "short.onnx", "--> text-branch.pipe:");
    expect(existsSync(join(folder, "out.js"))).toBe(false);
  });

  test("a missing file is reported at the model", async () => {
    const folder = copySample("text-branch");
    const source = readFileSync(join(folder, "text-branch.pipe"), "utf8");
    writeFileSync(join(folder, "text-branch.pipe"), source.replace("models/spam.onnx", "models/none.onnx"));
    expectClear(await pipec(folder, "build"), 1, "models/none.onnx", "--> text-branch.pipe:");
  });

  test("a device that is not there ends the run before the first row", async () => {
    const folder = copySample("resnet50");
    const source = readFileSync(join(folder, "resnet50.pipe"), "utf8");
    writeFileSync(join(folder, "resnet50.pipe"), source.replace('batch: "auto"', 'batch: "auto", device: "cuda:0"'));
    expect((await pipec(folder, "build")).code).toBe(0);
    expectClear(await node(folder, "out.js"), 5, "cuda:0");
    expect(finalFiles(join(folder, "out", "resnet50"))).toEqual([]);
  });
});
