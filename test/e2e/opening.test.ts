/** Rows move while a step still loads; what is committed waits for it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { bundleProgram, runProgram } from "../support/bundle-program.ts";
import { readRows } from "../support/read-output.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

let program = "";
beforeAll(async () => {
  program = await bundleProgram("opening");
});

it("reads before everything is loaded, and loses nothing of it", async () => {
  const folder = makeTemporaryFolder();
  expect(await runProgram(program, "--folder", folder, "--quiet")).toMatchObject({ code: 0, stderr: "" });
  const log = readFileSync(join(folder, "log"), "utf8").trim().split("\n");
  expect(log.indexOf("loaded")).toBeGreaterThan(0);
  const ids = Array.from({ length: 40 }, (_, index) => index);
  for (const name of ["plain", "late"]) expect((await readRows(join(folder, name))).map(({ id }) => Number(id)), name).toEqual(ids);
});

it("commits nothing where something cannot be loaded", async () => {
  const folder = makeTemporaryFolder();
  const ended = await runProgram(program, "--folder", folder, "--broken");
  expect(ended).toMatchObject({ code: 5, stderr: expect.stringContaining("error[R0147]: table cannot be loaded: it is torn") });
  expect(readFileSync(join(folder, "log"), "utf8")).toMatch(/^r\n/);
  const written = ["plain", "late"].flatMap((name) => (existsSync(join(folder, name)) ? readdirSync(join(folder, name)) : []));
  expect(written.filter((name) => name.startsWith("part-"))).toEqual([]);
});
