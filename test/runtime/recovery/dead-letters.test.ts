import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RowFailure } from "../../../runtime/contract/row-failure.ts";
import { openDeadLetters } from "../../../runtime/recovery/dead-letters.ts";
import { createErrorBudget } from "../../../runtime/recovery/error-budget.ts";
import type { OutputTarget } from "../../../runtime/recovery/output-target.ts";
import { here } from "../../support/build-pipeline.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

function target(kind: "file" | "folder"): OutputTarget {
  const at = makeTemporaryFolder();
  const staging = join(at, "staging");
  mkdirSync(staging);
  return { path: join(at, kind === "file" ? "dead.jsonl" : "dead"), kind, extension: "jsonl", staging, isKept: false };
}

function failure(ordinal: number, row: number, step = "a"): RowFailure {
  return { ordinal, split: 0, row, place: `line ${row + 1}`, step, at: here, message: "bad" };
}

const splits = () => [{ path: "in.txt", bytes: 0, modifiedMs: 0 }];

function rowsIn(to: OutputTarget, name: string): readonly number[] {
  return readFileSync(join(to.staging, name), "utf8").trim().split("\n").map((line) => (JSON.parse(line) as { readonly row: number }).row);
}

describe("dead letters", () => {
  it.each(["file", "folder"] as const)("of one chunk may be more than is written at once (%s)", async (kind) => {
    const to = target(kind);
    const letters = openDeadLetters(to, splits);
    const rows = Array.from({ length: 30_000 }, (_, row) => row);
    letters.write(0, rows.map((row) => ({ ...failure(0, row), message: "ü".repeat(50) })));
    letters.write(1, [failure(0, 30_000)]);
    const names = await letters.close();
    expect(names.flatMap((name) => rowsIn(to, name))).toEqual([...rows, 30_000]);
  });

  it("stand in row order, one file for each source", async () => {
    const to = target("folder");
    const letters = openDeadLetters(to, splits);
    letters.write(1, [failure(0, 9)]);
    letters.write(0, [failure(0, 3), failure(0, 1, "b"), failure(0, 1)]);
    letters.write(0, []);
    letters.write(0, [failure(1, 12)]);
    expect(await letters.close()).toEqual(["part-00000.jsonl", "part-00001.jsonl"]);
    expect(rowsIn(to, "part-00000.jsonl")).toEqual([1, 1, 3, 12]);
    expect(rowsIn(to, "part-00001.jsonl")).toEqual([9]);
  });

  it("are one file where one is asked for, also where nothing failed", async () => {
    const to = target("file");
    const letters = openDeadLetters(to, splits);
    letters.write(1, [failure(0, 9)]);
    letters.write(0, [failure(0, 3)]);
    expect(await letters.close()).toEqual(["dead.jsonl"]);
    expect(rowsIn(to, "dead.jsonl")).toEqual([3, 9]);
    const empty = target("file");
    expect(await openDeadLetters(empty, splits).close()).toEqual(["dead.jsonl"]);
    expect(readFileSync(join(empty.staging, "dead.jsonl"), "utf8")).toBe("");
  });

  it("that cannot be written are the job's fault, said when they are closed", async () => {
    const letters = openDeadLetters({ ...target("folder"), staging: "/dev/null/nowhere" }, splits);
    letters.write(0, [failure(0, 3)]);
    await expect(letters.close()).rejects.toMatchObject({ code: "R0151" });
  });
});

describe("the error budget", () => {
  it("stops a run in its middle only once 1,000 rows are read", () => {
    const budget = createErrorBudget({ kind: "skip", max: 0.002 });
    expect(budget.add(999, 999)).toBe(false);
    expect(budget.add(1, 0)).toBe(true);
    const other = createErrorBudget({ kind: "skip", max: 0.002 });
    expect(other.add(999, 2)).toBe(false);
    expect(other.add(1, 0)).toBe(false);
    expect(other.add(10, 1)).toBe(true);
    expect(other.add(490, 0)).toBe(false);
  });

  it("takes the share of the rows read at the end, however few", () => {
    const few = createErrorBudget({ kind: "skip", max: 0.01 });
    few.add(24, 3);
    expect(few.isOver()).toBe(true);
    const fewer = createErrorBudget({ kind: "skip", max: 0.1 });
    fewer.add(10, 1);
    expect(fewer.isOver()).toBe(false);
  });
});
