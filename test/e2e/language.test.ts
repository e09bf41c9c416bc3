/**
 * Programs whose test blocks hold what the language means: checked, emitted, bundled and interpreted as `pipec test`
 * does. Their TypeScript, and that of the samples, must please `tsc`.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { printAfter } from "../../compiler/pipeline.ts";
import { compileIn, compileSample, sampleFolder, sampleNames } from "../support/compile-sample.ts";
import { typeCheck } from "../support/type-check.ts";
import { makeWorkplace, pipec } from "../support/workplace.ts";

const programs = fileURLToPath(new URL("programs/", import.meta.url));
const names = readdirSync(programs).filter((name) => name.endsWith(".pipe"));

describe.each(names)("%s", (name) => {
  test("passes its tests", async () => {
    const folder = makeWorkplace();
    cpSync(programs, folder, { recursive: true });
    const { code, stdout, stderr } = await pipec(folder, "test", name);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
    expect(code).toBe(0);
  });
});

test("a test that fails shows both values and its place", async () => {
  const text = readFileSync(join(programs, "numbers.pipe"), "utf8").replace("negative == -7", "negative == 7");
  const { code, stdout } = await pipec(makeWorkplace({ "numbers.pipe": text }), "test");
  expect(code).toBe(1);
  expect(stdout).toContain("FAIL  integers are exact, floats round once\n");
  expect(stdout).toMatch(/numbers\.pipe:\d+: numbers\.whole\[0\]\.negative == 7\n +left: {2}-7\n +right: 7\n/);
});

test("snapshots are written on request, then held to", async () => {
  const text = readFileSync(join(programs, "numbers.pipe"), "utf8").replace("numbers.tensors[0].vec == [7.0, 3.0, 5.0]", 'numbers.tensors[0].vec == snapshot("vec")');
  const folder = makeWorkplace({ "numbers.pipe": text });
  const before = await pipec(folder, "test");
  expect(before.code).toBe(1);
  expect(before.stdout).toContain("pipec test --update");
  expect((await pipec(folder, "test", "--update")).stdout).toContain("wrote 1 snapshot to numbers.pipe.snap.json");
  expect(JSON.parse(readFileSync(join(folder, "numbers.pipe.snap.json"), "utf8"))).toEqual({ vec: { $tensor: { dtype: "f32", shape: [3], data: [7, 3, 5] } } });
  expect((await pipec(folder, "test")).code).toBe(0);
  writeFileSync(join(folder, "numbers.pipe"), text.replace("v * 2.0 + 1.0", "v * 2.0 + 2.0"));
  expect((await pipec(folder, "test")).stdout).toContain("FAIL  tensors and records");
});

test("what is emitted type-checks", async () => {
  const folder = makeWorkplace();
  const put = (name: string, text: string | undefined): void => {
    mkdirSync(join(folder, name, "out"), { recursive: true });
    writeFileSync(join(folder, name, "out", "program.ts"), text ?? "");
  };
  for (const name of sampleNames) put(name, printAfter(compileSample(name, "emit"), "emit"));
  cpSync(join(sampleFolder("text-branch"), "clean.ts"), join(folder, "text-branch", "clean.ts"));
  for (const name of names) put(name, printAfter(compileIn(programs, name, "emit"), "emit"));
  expect(await typeCheck(folder)).toBe("");
});
