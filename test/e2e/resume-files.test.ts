/** Files that decide results, and files that are committed: what changed in them between two runs is noticed and named. */
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";
import type { Ended } from "../support/workplace.ts";

const program = `edition 1

import { lines, tokenize, tokenizer } from "std/text"

/// The row at which the extern gives up.
param stop: int in -1..100_000 = -1
param vocab: uri = "vocab.txt"

record Item { id: int, text: string }
record Price { name: string, price: int }

const words = tokenizer(vocab)
const wanted = lines("wanted.txt")
const prices = read csv("prices/*.csv", header: true) as Price |> table(by: .name)

extern fn work(id: int, stop: int) -> int from "./work.ts"

pipeline items {
  with { errors: dead_letter("out/dead", max: 50%), checkpoint: { at: "state", every: 20 } }

  let made = read jsonl("items.jsonl") as Item
    |> filter(.text in wanted)
    |> { .id, twice: work(.id, stop), tokens: tokenize(.text, words, max: 4).ids, known: prices[.text] != null }

  write made to jsonl("out/made")
  write made |> { .id } to jsonl("out/one.jsonl")
}
`;

/** Kills the run at one row, once some groups are committed. */
const work = `import { existsSync } from "node:fs";

export async function work(id: bigint, stop: bigint): Promise<bigint> {
  if (id % 50n === 7n) throw new Error("not this one");
  if (id !== stop) return id * 2n;
  while (!existsSync("out/made/part-00003-000.jsonl")) await new Promise((resolve) => setTimeout(resolve, 10));
  process.kill(process.ppid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
  return 0n;
}
`;

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
const explain = (): Promise<Ended> => node(folder, "out.js", "--explain-resume", "--stop", "130");
const run = (): Promise<Ended> => node(folder, "out.js", "--stop", "130");

/** Calls `act` while a file has other bytes; then it is as it was, time and all. */
async function whileOther(file: string, change: (text: string) => string | undefined, act: () => Promise<void>): Promise<void> {
  const { atime, mtime } = statSync(file);
  copyFileSync(file, at("kept"));
  const changed = change(readFileSync(file, "utf8"));
  if (changed === undefined) rmSync(file);
  else writeFileSync(file, changed);
  try {
    await act();
  } finally {
    writeFileSync(file, readFileSync(at("kept")));
    utimesSync(file, atime, mtime);
  }
}

beforeAll(async () => {
  const items = Array.from({ length: 200 }, (_, id) => `${JSON.stringify({ id, text: id % 2 === 0 ? "apple" : "pear" })}\n`).join("");
  folder = makeWorkplace({ "items.pipe": program, "work.ts": work, "items.jsonl": items, "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\napple\npear\n", "wanted.txt": "apple\npear\n", "prices/a.csv": "name,price\napple,3\n", "prices/b.csv": "name,price\npear,4\n" });
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
  await node(folder, "out.js", "--quiet", "--stop", "130");
  for (let tries = 0; tries < 50 && (await explain()).stdout.includes("a run is at work"); tries++);
});

describe("a run that goes on", () => {
  test.each<[string, (text: string) => string | undefined, string]>([
    ["vocab.txt", (text) => text.replace("apple", "apply"), "the file vocab.txt, which something is loaded from, has changed"],
    ["wanted.txt", (text) => text.replace("pear", "plum"), "the file wanted.txt, which something is loaded from, has changed"],
    ["prices/b.csv", (text) => text.replace("pear", "plum"), "the file prices/b.csv, which something is loaded from, has changed"],
    ["prices/a.csv", () => undefined, "the file prices/a.csv, which something is loaded from, is not read any more"],
    ["out/made/part-00001-000.jsonl", (text) => text.replace("4", "5"), "out/made/part-00001-000.jsonl"],
    ["out/made/part-00001-000.jsonl", () => undefined, "out/made"],
    ["out/dead/part-00000-000.jsonl", (text) => text.replace("not this", "not that"), "out/dead/part-00000-000.jsonl"],
  ])("does not go on over %s when it changed, and says so", async (file, change, said) => {
    await whileOther(at(file), change, async () => {
      const explained = await explain();
      expect([explained.code, explained.stdout]).toEqual([5, expect.stringContaining(said)]);
      const refused = await run();
      expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining(said)]);
    });
  });

  test("reads committed files whose times alone have changed, once, and goes on", async () => {
    for (const name of readdirSync(at("out", "made"))) utimesSync(at("out", "made", name), 1, 1);
    expect(await explain()).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing forbids to go on") });
    const code = readFileSync(at("out.js"), "utf8");
    writeFileSync(at("out.js"), code.replace("if (id !== stop)", "if (true)"));
    const resumed = await run();
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining("the times of files in")]);
    expect(readFileSync(at("out", "one.jsonl"), "utf8").trim().split("\n")).toHaveLength(196);
  });

  test("that has finished is run again where what it made, or was made of, has changed", async () => {
    expect((await run()).stderr).toContain("there is nothing to do");
    await whileOther(at("out", "one.jsonl"), (text) => text.replace("1", "2"), async () => expect((await explain()).stdout).toContain("one.jsonl is not what it was"));
    await whileOther(at("out", "made", "part-00000-000.jsonl"), (text) => text.replace("1", "2"), async () => expect((await explain()).stdout).toContain("out/made is not what it was"));
    await whileOther(at("vocab.txt"), (text) => `${text}more\n`, async () => expect((await explain()).stdout).toContain("vocab.txt, which something is loaded from, has changed"));
    expect((await run()).stderr).toContain("there is nothing to do");
  });
});
