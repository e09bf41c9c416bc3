/** Steps without a limit that wait for ever are told of; a limit on the step ends them; a crash of a reader is named by its file. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { crash } from "../support/crash.ts";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const program = `edition 1

param input: uri = "rows.jsonl"

record Item { id: int }

extern fn work(id: int) -> int from "./work.ts"

pipeline slow {
  let made = read jsonl(input) as Item |> { .id, twice: work(.id) }

  write made to jsonl("out/slow.jsonl")
}

pipeline limited {
  with { errors: dead_letter("out/dead.jsonl", max: 50%) }

  let made = read jsonl(input) as Item |> { .id, twice: work(.id) } with { timeout: 1 s }

  write made |> filter(work(.id) >= 0) with { timeout: 1 s } to jsonl("out/limited.jsonl")
}
`;

/** Row 7 waits: for ever where nothing can end it, and for three seconds in the pipeline without a limit. */
const work = `import { existsSync } from "node:fs";

export function work(id: bigint): Promise<bigint> {
  const answer = id * 2n;
  if (id !== 7n) return Promise.resolve(answer);
  return existsSync("forever") ? new Promise(() => {}) : new Promise((resolve) => setTimeout(() => resolve(answer), 3500));
}
`;

/** In place of a native reader: the first read of `bad.jsonl` is a crash. */
const crashingReader = `const fs = require("node:fs");

${String(crash)}

const { open } = fs.promises;
const { createReadStream } = fs;
const isBad = (path) => String(path).endsWith("bad.jsonl");
fs.promises.open = async (path, ...more) => (isBad(path) ? crash() : open(path, ...more));
fs.createReadStream = (path, ...more) => (isBad(path) ? crash() : createReadStream(path, ...more));
require("node:module").syncBuiltinESMExports();
`;

let folder: string;
beforeAll(async () => {
  folder = makeWorkplace({ "job.pipe": program, "work.ts": work, "rows.jsonl": Array.from({ length: 40 }, (_, id) => `{"id":${id}}\n`).join("") });
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
});

function rowsOf(name: string): readonly number[] {
  return readFileSync(join(folder, "out", name), "utf8").trim().split("\n").map((line) => Number((JSON.parse(line) as { readonly id?: number; readonly row?: number }).id ?? (JSON.parse(line) as { readonly row: number }).row));
}

function run(environment: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["out.js", ...argv], { cwd: folder, env: { ...process.env, ...environment }, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stderr }));
  });
}

describe("a row that does not come back", () => {
  test("is told of with its step, file and row", async () => {
    const { code, stderr } = await run({ PIPEC_STALL_S: "1" }, "slow", "--report", "slow.html");
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/warning\[R0175\]: `made` \(job\.pipe:10\) stands on row 7 of rows\.jsonl, for 1\.0 s/);
    expect(readFileSync(join(folder, "slow.html"), "utf8")).toContain("stands on row 7 of rows.jsonl");
    expect((await pipec(folder, "explain", "R0175")).stdout).toContain("does not get on");
  });

  test("fails where its step has a limit, though what it waits for never ends", async () => {
    writeFileSync(join(folder, "forever"), "");
    const { code, stderr } = await run({}, "limited");
    expect(code, stderr).toBe(0);
    expect(rowsOf("dead.jsonl")).toEqual([7]);
    expect(readFileSync(join(folder, "out", "dead.jsonl"), "utf8")).toContain("did not come back within 1000 ms");
    expect(rowsOf("limited.jsonl")).toEqual(Array.from({ length: 40 }, (_, id) => id).filter((id) => id !== 7));
    expect(await node(folder, "out.js", "limited", "--interpret", "--overwrite", "--quiet")).toMatchObject({ code: 0 });
    expect(rowsOf("dead.jsonl")).toEqual([7]);
  });
});

describe.skipIf(process.platform === "win32")("a reader that ends the process", () => {
  test("is told with the file and what to do", async () => {
    writeFileSync(join(folder, "crash.cjs"), crashingReader);
    writeFileSync(join(folder, "bad.jsonl"), '{"id":1}\n');
    const { code, stderr } = await run({ NODE_OPTIONS: `--require ${join(folder, "crash.cjs")}` }, "slow", "--input", "bad.jsonl");
    expect([code, stderr]).toEqual([5, expect.stringMatching(/error\[R0172\]: the engine was ended by SIGSEGV while reading bad\.jsonl from row 0 on/)]);
    expect(stderr).toContain("leave the file that was being read out of the input");
  });
});
