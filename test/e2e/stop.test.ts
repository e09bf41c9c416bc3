/** Runs that are stopped by the machine: told to end, with a full disk, with input that goes or changes. Each is gone on with. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";
import type { Ended } from "../support/workplace.ts";

const program = `edition 1

param input: uri = "data/*.jsonl"
param output: uri = "out"

record Item { id: int, text: string }

extern fn work(id: int) -> int from "./work.ts"

pipeline items {
  with { checkpoint: { at: "state", every: 20 } }

  let made = read jsonl(input) as Item |> { .id, .text, twice: work(.id) }

  write made to jsonl("{output}/made")
  write made |> { .id } to jsonl("{output}/one.jsonl")
}
`;

/** What happens to the machine at row 50 stands in a file of the folder: a name of a step below. */
const work = `import { appendFileSync, existsSync, renameSync, writeFileSync } from "node:fs";

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

export async function work(id: bigint): Promise<bigint> {
  if (id === 5n && existsSync("vanish")) renameSync("data/c.jsonl", "kept.jsonl");
  if (id === 5n && existsSync("alter")) appendFileSync("data/c.jsonl", "{}\\n");
  if (id === 50n && existsSync("wait")) {
    writeFileSync("reached", "");
    while (existsSync("wait")) await pause();
  }
  return id * 2n;
}
`;

const ROWS = 600;

async function makeItems(): Promise<string> {
  const rows = (first: number, count: number): string => Array.from({ length: count }, (_, index) => `${JSON.stringify({ id: first + index, text: "x".repeat(2000) })}\n`).join("");
  const folder = makeWorkplace({ "items.pipe": program, "work.ts": work, "data/a.jsonl": rows(0, 300), "data/b.jsonl": rows(300, 200), "data/c.jsonl": rows(500, 100) });
  // A time that JavaScript's dates hold exactly, so that the file can be given it again.
  utimesSync(join(folder, "data", "c.jsonl"), 1_700_000_000, 1_700_000_000);
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
  return folder;
}

function idsIn(folder: string): readonly number[] {
  return readdirSync(folder).filter((name) => name.startsWith("part-")).sort().flatMap((name) => readFileSync(join(folder, name), "utf8").trim().split("\n").map((line) => (JSON.parse(line) as { readonly id: number }).id));
}

async function expectResumed(folder: string, output = "out"): Promise<void> {
  const before = idsIn(join(folder, output, "made")).length;
  const resumed = await node(folder, "out.js", ...(output === "out" ? [] : ["--output", output]));
  expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining(`note: ${before} rows are committed already`)]);
  const all = Array.from({ length: ROWS }, (_, index) => index);
  expect(idsIn(join(folder, output, "made"))).toEqual(all);
  expect(readFileSync(join(folder, output, "one.jsonl"), "utf8").trim().split("\n").map((line) => (JSON.parse(line) as { readonly id: number }).id)).toEqual(all);
  expect(readdirSync(join(folder, "state"))).toHaveLength(1);
}

/** Starts the program and sends a signal once it is at row 50 and something is committed. */
async function signal(folder: string, name: NodeJS.Signals): Promise<Ended> {
  writeFileSync(join(folder, "wait"), "");
  const child = spawn(process.execPath, ["out.js"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const made = join(folder, "out", "made");
  const isAtRow50 = (): boolean => existsSync(join(folder, "reached")) && existsSync(made) && idsIn(made).length > 0;
  while (!isAtRow50()) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill(name);
  await new Promise((resolve) => setTimeout(resolve, 300));
  renameSync(join(folder, "wait"), join(folder, "waited"));
  return { code: await ended, stdout: "", stderr };
}

describe("a run with a checkpoint", () => {
  test("ends at the end of a group when it is told to, and is gone on with", async () => {
    const folder = await makeItems();
    const { code, stderr } = await signal(folder, "SIGTERM");
    expect([code, stderr]).toEqual([5, expect.stringContaining("R0159")]);
    const ids = idsIn(join(folder, "out", "made"));
    expect(ids.length % 20).toBe(0);
    expect(ids.length).toBeGreaterThan(50);
    await expectResumed(folder);
  });

  test("keeps what is committed when it is interrupted", async () => {
    const folder = await makeItems();
    const { code, stderr } = await signal(folder, "SIGINT");
    expect([code, stderr]).toEqual([130, expect.stringContaining("what is committed stays")]);
    await expectResumed(folder);
  });

  test.each([["vanish", "R0140"], ["alter", "R0143"]])("stops where input goes or changes (%s), and is gone on with when it is back", async (what, code) => {
    const folder = await makeItems();
    const data = join(folder, "data", "c.jsonl");
    const { atime, mtime } = statSync(data);
    const text = readFileSync(data, "utf8");
    writeFileSync(join(folder, what), "");
    const stopped = await node(folder, "out.js", "--quiet");
    expect([stopped.code, stopped.stderr]).toEqual([5, expect.stringMatching(new RegExp(`${code}.*data/c\\.jsonl`))]);
    expect(idsIn(join(folder, "out", "made")).length).toBeGreaterThan(20);
    renameSync(join(folder, what), join(folder, "done"));
    writeFileSync(data, text);
    utimesSync(data, atime, mtime);
    await expectResumed(folder);
  });

  test("stops where the disk is full, and is gone on with when there is room", async (context) => {
    const folder = await makeItems();
    const disk = join(folder, "small");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=900k", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      return context.skip("this machine lets no test mount a small disk");
    }
    try {
      const full = await node(folder, "out.js", "--quiet", "--output", "small");
      expect([full.code, full.stderr]).toEqual([5, expect.stringMatching(/^error\[R0151\]: .*small.* cannot be written: the disk is full\n$/)]);
      expect(idsIn(join(folder, "small", "made")).length).toBeGreaterThan(0);
      execFileSync("mount", ["-o", "remount,size=8m", disk]);
      await expectResumed(folder, "small");
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
