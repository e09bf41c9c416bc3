/** Outputs in folders that are not ours alone: on another disk, with files of the user's, without their mark. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const programOf = (settings: string): string => `edition 1

param output: uri = "res"

record Item { id: int }

extern fn work(id: int) -> int from "./work.ts"

pipeline items {
${settings}
  let made = read jsonl("items.jsonl") as Item |> { id: work(.id) }

  write made to jsonl(output)
  write made to csv("{output}/table.csv")
}
`;

const checkpoint = `  with { checkpoint: { at: "state", every: 20 } }`;

/** Kills engine and supervisor at a row while a file is there, once something is committed. */
const work = `import { existsSync, readdirSync } from "node:fs";

export async function work(id: bigint): Promise<bigint> {
  if (id !== 150n || !existsSync("kill")) return id;
  while (!readdirSync("res").includes("part-00003-000.jsonl")) await new Promise((resolve) => setTimeout(resolve, 10));
  process.kill(process.ppid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
  return 0n;
}
`;

async function makeItems(settings: string, extern = work): Promise<string> {
  const items = Array.from({ length: 200 }, (_, id) => `${JSON.stringify({ id })}\n`).join("");
  const folder = makeWorkplace({ "main.pipe": programOf(settings), "work.ts": extern, "items.jsonl": items });
  expect(await pipec(folder, "build")).toEqual({ code: 0, stderr: "", stdout: expect.any(String) });
  return folder;
}

async function kill(folder: string): Promise<void> {
  writeFileSync(join(folder, "kill"), "");
  expect((await node(folder, "out.js", "--quiet")).code).toBe(null);
  rmSync(join(folder, "kill"));
  for (let tries = 0; tries < 50 && (await node(folder, "out.js", "--explain-resume")).stdout.includes("a run is at work"); tries++);
}

const isOtherDisk = existsSync("/dev/shm") && statSync("/dev/shm").dev !== statSync(".").dev;

describe("an output that is a link to another disk", () => {
  test.skipIf(!isOtherDisk).each([["without", ""], ["with", checkpoint]])("is written %s a checkpoint, and nothing hidden stays there (skipped where /dev/shm is no other disk)", async (_which, settings) => {
    const folder = await makeItems(settings);
    const disk = mkdtempSync("/dev/shm/pipec-test-");
    try {
      symlinkSync(disk, join(folder, "res"));
      if (settings !== "") await kill(folder);
      for (const _again of [1, 2]) expect(await node(folder, "out.js", "--quiet")).toEqual({ code: 0, stdout: "", stderr: "" });
      expect(readdirSync(disk).filter((name) => name.startsWith("."))).toEqual([]);
      expect(readFileSync(join(disk, "table.csv"), "utf8").trim().split("\n")).toHaveLength(201);
      expect(readdirSync(disk).filter((name) => name.endsWith(".jsonl")).map((name) => readFileSync(join(disk, name), "utf8")).join("")).toBe(readFileSync(join(folder, "items.jsonl"), "utf8"));
    } finally {
      rmSync(disk, { recursive: true });
    }
  });
});

describe("a committed file that goes while the run is at work", () => {
  test("is missed before the run calls itself finished", async () => {
    const folder = await makeItems(checkpoint, work.replace(/  process\.kill\(.*\n/, '  rmSync("res/part-00001-000.jsonl");\n').replace(/  process\.kill\(.*\n/, "").replace("{ existsSync,", "{ existsSync, rmSync,"));
    writeFileSync(join(folder, "kill"), "");
    const refused = await node(folder, "out.js", "--quiet");
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("R0157")]);
    expect(refused.stderr).toContain("of the files that were committed in res, 1 has gone");
    expect(existsSync(join(folder, "res", "_SUCCESS"))).toBe(false);
  });
});

describe("an output whose mark somebody removed", () => {
  test("is replaced by the next run, as far as the run before wrote it", async () => {
    const folder = await makeItems(checkpoint);
    expect((await node(folder, "out.js", "--quiet")).code).toBe(0);
    rmSync(join(folder, "res", "_SUCCESS"));
    expect((await node(folder, "out.js", "--explain-resume")).stdout).toContain("replaces what was written");
    appendFileSync(join(folder, "items.jsonl"), '{"id":200}\n');
    expect(await node(folder, "out.js", "--quiet")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(readFileSync(join(folder, "res", "table.csv"), "utf8").trim().split("\n")).toHaveLength(202);
    rmSync(join(folder, "res", "_SUCCESS"));
    writeFileSync(join(folder, "res", "notes.jsonl"), "mine\n");
    const refused = await node(folder, "out.js", "--quiet");
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("res holds notes.jsonl, and nothing there says that this pipeline wrote it")]);
  });
});

describe("a file that the user puts into an output folder", () => {
  test("is none of the run's: it is not in the mark, and no later run removes it", async () => {
    const folder = await makeItems(checkpoint);
    await kill(folder);
    const own = join(folder, "res", "notes.jsonl");
    writeFileSync(own, "mine\n");
    expect((await node(folder, "out.js", "--quiet")).code).toBe(0);
    expect(readFileSync(join(folder, "res", "_SUCCESS"), "utf8")).not.toContain("notes.jsonl");
    utimesSync(join(folder, "items.jsonl"), 1, 1);
    const refused = await node(folder, "out.js", "--quiet");
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("notes.jsonl")]);
    expect(readFileSync(own, "utf8")).toBe("mine\n");
  });
});
