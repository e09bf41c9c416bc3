/** Workers that are loaded while a run lasts, as processes and files show it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bundleProgram, runProgram } from "../support/bundle-program.ts";

it("loads workers where they pay, joins them to their neighbours, and writes every row once and in order", async () => {
  const folder = await bundleProgram("elastic");
  const ended = await runProgram(folder, "elastic", "--rows", "600", "--trace", join(folder, "trace.json"), "--output", join(folder, "rows.jsonl"));
  expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining("elastic finished in")]);
  const rows = readFileSync(join(folder, "rows.jsonl"), "utf8").split("\n").filter((line) => line !== "").map((line) => (JSON.parse(line) as { readonly id: number }).id);
  expect(rows).toEqual(Array.from({ length: 600 }, (_, index) => index));
  const trace = readFileSync(join(folder, "trace.json"), "utf8");
  expect(trace).toMatch(/wait is what the others wait for, and the workers pay for their loading/);
});
