/** Each sample, built and run as its README says: what it must write, and the same bytes from the interpreter. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sampleFolder, sampleNames } from "../support/compile-sample.ts";
import type { SampleName } from "../support/compile-sample.ts";
import { readLines, readRows } from "../support/read-output.ts";
import { copySample, node, pipec, readTree } from "../support/workplace.ts";

/** Builds and runs a copy of the sample; gives its folder. */
async function runSample(name: SampleName): Promise<string> {
  const folder = copySample(name);
  const built = await pipec(folder, "build");
  expect(built.stderr).toBe("");
  expect(built.code).toBe(0);
  const ran = await node(folder, "out.js");
  expect({ code: ran.code, faults: /error|bug/i.exec(ran.stderr)?.[0] }).toEqual({ code: 0, faults: undefined });
  return folder;
}

describe.each(sampleNames)("%s", (name) => {
  test("gives what is expected, and the interpreter writes the same bytes", async () => {
    const folder = await runSample(name);
    await expectations[name](folder);
    const interpreted = await node(folder, "out.js", "--interpret", "--quiet", "--output", "interpreted");
    expect(interpreted.code).toBe(0);
    const output = { ocr: "out/ocr", resnet50: "out/resnet50", "text-branch": "out/mail" }[name];
    const [compiled, twin] = [readTree(join(folder, output)), readTree(join(folder, "interpreted"))];
    expect(compiled.size).toBeGreaterThan(0);
    expect([...twin.keys()]).toEqual([...compiled.keys()]);
    const differing = [...compiled].filter(([path, bytes]) => twin.get(path)?.equals(bytes) !== true).map(([path]) => path);
    expect(differing).toEqual([]);
  });

  test("passes its own tests", async () => {
    const folder = copySample(name);
    const { code, stdout } = await pipec(folder, "test");
    expect(stdout).toMatch(/ 0 failed\n$|no test blocks\n$/);
    expect(code).toBe(0);
  });
});

const expectations: Readonly<Record<SampleName, (folder: string) => Promise<void>>> = {
  ocr: async (folder) => {
    const { stdout } = await node(folder, join(sampleFolder("ocr"), "evaluate.mjs"), "--out", join(folder, "out", "ocr"), "--max", "1");
    expect(stdout).toMatch(/80 pictures, .*character error rate 0\.\d+ %/);
  },
  resnet50: async (folder) => {
    const rows = await readRows(join(folder, "out", "resnet50"));
    expect(rows.map(({ id, label }) => ({ id, label: Number(label) }))).toEqual(readLines("expected.jsonl", sampleFolder("resnet50")));
    for (const { score } of rows) expect(score).toBeGreaterThan(0);
  },
  "text-branch": async (folder) => {
    const spam = (await readRows(join(folder, "out", "mail", "spam"))).map(({ id, lang, tone }) => ({ id, lang, tone: Number(tone), to: "spam" }));
    const ham = (await readRows(join(folder, "out", "mail", "ham"))).map(({ id, tone }) => ({ id, tone: Number(tone), to: "ham" }));
    const byId = (rows: readonly Readonly<Record<string, unknown>>[]) => new Map(rows.map((row) => [row["id"], row]));
    expect(byId([...spam, ...ham])).toEqual(byId(readLines("expected.jsonl", sampleFolder("text-branch"))));
  },
};
