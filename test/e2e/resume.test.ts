/** Runs that stop and are gone on with: what is reused, what forbids it, and what users are told. */
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const program = `edition 1

param input: uri = "data/*.jsonl"
param output: uri = "out"
/// The row at which the extern gives up.
param stop: int in -1..100_000 = -1

record Item { id: int, kind: string }

extern fn work(id: int, stop: int) -> int from "./work.ts"

pipeline items {
  with { errors: skip(max: 1%), checkpoint: { at: "state", every: 20 } }

  let items = read jsonl(input) as Item

  let made = items |> { .id, .kind, twice: work(.id, stop) }

  let some = items |> limit(50)

  let kinds = items |> dedupe(by: .kind, distance: 0, keys: 10)

  write kinds |> { .id } to jsonl("{output}/kinds")
  write made |> { .id, .twice } to jsonl("{output}/made")
  write made |> { .id } to jsonl("{output}/one.jsonl")
  write some |> { .id } to csv("{output}/some")
}
`;

/** Kills the run at one row, once some groups are committed. */
const work = `import { existsSync } from "node:fs";

export async function work(id: bigint, stop: bigint): Promise<bigint> {
  if (id !== stop) return id * 2n;
  while (!existsSync("out/made/part-00003-000.jsonl")) await new Promise((resolve) => setTimeout(resolve, 10));
  process.kill(process.ppid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
  return 0n;
}
`;

const harmless = "export const work = (id: bigint): bigint => id * 2n;\n";

function rowsFrom(first: number, count: number): string {
  return Array.from({ length: count }, (_, index) => `${JSON.stringify({ id: first + index, kind: `k${index % 3}` })}\n`).join("");
}

async function makeItems(): Promise<string> {
  const folder = makeWorkplace({ "items.pipe": program, "work.ts": work, "data/a.jsonl": rowsFrom(0, 110), "data/b.jsonl": rowsFrom(110, 90) });
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
  return folder;
}

/** A run that is killed at row 130. */
async function stopped(): Promise<string> {
  const folder = await makeItems();
  const killed = await node(folder, "out.js", "--quiet", "--stop", "130");
  expect(killed.code).toBe(null);
  // The engine is gone with its supervisor.
  for (let tries = 0; tries < 50; tries++) {
    const { stdout } = await node(folder, "out.js", "--explain-resume", "--stop", "130");
    if (!stdout.includes("a run is at work")) break;
  }
  return folder;
}

function idsIn(folder: string): readonly number[] {
  return readdirSync(folder).filter((name) => name.startsWith("part-")).sort().flatMap((name) => readFileSync(join(folder, name), "utf8").trim().split("\n").map((line) => (JSON.parse(line) as { readonly id: number }).id));
}

const all = Array.from({ length: 200 }, (_, index) => index);

async function expectWhole(folder: string): Promise<void> {
  expect(idsIn(join(folder, "out", "made"))).toEqual(all);
  expect(readFileSync(join(folder, "out", "one.jsonl"), "utf8").trim().split("\n").map((line) => (JSON.parse(line) as { readonly id: number }).id)).toEqual(all);
  expect(readFileSync(join(folder, "out", "some", "part-00002-000.csv"), "utf8").trim().split("\n")).toHaveLength(11);
  expect(idsIn(join(folder, "out", "kinds"))).toEqual([0, 1, 2]);
  expect(readdirSync(join(folder, "state"))).toHaveLength(1);
  expect(readdirSync(join(folder, "out")).filter((name) => name.startsWith("."))).toEqual([]);
}

describe("a run that was killed", () => {
  test("is gone on with by the same command; what is committed stays as it is", async () => {
    const folder = await stopped();
    const before = readdirSync(join(folder, "out", "made"));
    expect(before.length).toBeGreaterThan(2);
    expect(before).not.toContain("_SUCCESS");
    const stamps = before.map((name) => statSync(join(folder, "out", "made", name)).ino);
    const params = await pipec(folder, "explain", "--resume", "--", "--stop", "130");
    expect(params.code).toBe(0);
    const other = await node(folder, "out.js", "--stop", "150");
    expect(other.code).toBe(5);
    expect(other.stderr).toContain("R0156");
    expect(other.stderr).toContain("--stop was 130 and is 150");
    // Another extern is another program; then this one is said to be the same by its fingerprint.
    writeFileSync(join(folder, "work.ts"), harmless);
    const fingerprint = (text: string): string => /fingerprint: "([0-9a-f]+)"/.exec(text)?.[1] ?? "";
    const was = fingerprint(readFileSync(join(folder, "out", "program.ts"), "utf8"));
    expect((await pipec(folder, "build")).code).toBe(0);
    const now = fingerprint(readFileSync(join(folder, "out", "program.ts"), "utf8"));
    expect(now).not.toBe(was);
    expect((await node(folder, "out.js", "--stop", "130")).stderr).toContain("the extern work has changed");
    const code = readFileSync(join(folder, "out.js"), "utf8");
    writeFileSync(join(folder, "out.js"), code.replace(now, was));
    const resumed = await node(folder, "out.js", "--stop", "130");
    expect(resumed.stderr).toMatch(/note: \d+ rows are committed already; the run goes on after them/);
    expect(resumed.code).toBe(0);
    expect(before.map((name) => statSync(join(folder, "out", "made", name)).ino)).toEqual(stamps);
    await expectWhole(folder);
  });

  test("is not gone on with over other input, nor over output that was changed, but started over with --fresh", async () => {
    const folder = await stopped();
    const data = join(folder, "data", "b.jsonl");
    const { mtime, atime } = statSync(data);
    const text = readFileSync(data, "utf8");
    const explain = (): ReturnType<typeof node> => node(folder, "out.js", "--explain-resume", "--stop", "130");
    expect(await explain()).toMatchObject({ code: 0, stderr: "" });
    expect((await explain()).stdout).toContain("Nothing forbids to go on");
    appendFileSync(data, rowsFrom(200, 1));
    expect((await explain()).stdout).toContain("the input file data/b.jsonl has changed");
    const changed = await node(folder, "out.js", "--stop", "130");
    expect([changed.code, changed.stderr]).toEqual([5, expect.stringContaining("R0156")]);
    rmSync(data);
    expect((await node(folder, "out.js", "--stop", "130")).stderr).toContain("the input file data/b.jsonl has gone");
    writeFileSync(data, text);
    utimesSync(data, atime, mtime);
    const part = join(folder, "out", "made", "part-00001-000.jsonl");
    renameSync(part, join(folder, "kept"));
    const altered = await node(folder, "out.js", "--stop", "130");
    expect([altered.code, altered.stderr]).toEqual([5, expect.stringContaining("R0157")]);
    renameSync(join(folder, "kept"), part);
    const fresh = await node(folder, "out.js", "--fresh");
    expect([fresh.code, fresh.stderr]).toEqual([0, expect.stringContaining("finished")]);
    await expectWhole(folder);
    // A finished run is done with, until what it was made of or what it made changes: then all is replaced.
    const again = await node(folder, "out.js");
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("there is nothing to do")]);
    rmSync(part);
    expect((await node(folder, "out.js", "--explain-resume")).stdout).toContain("out/made is not what it was");
    const anew = await node(folder, "out.js", "--interpret");
    expect([anew.code, anew.stderr]).toEqual([0, expect.not.stringContaining("nothing to do")]);
    await expectWhole(folder);
  });

  test("is not gone on with without the keys that it has met", async () => {
    const folder = await stopped();
    const keys = readdirSync(join(folder, "state")).filter((name) => name.startsWith("keys-"));
    expect(keys.length).toBeGreaterThan(0);
    for (const name of keys) rmSync(join(folder, "state", name));
    const refused = await node(folder, "out.js", "--stop", "130");
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringMatching(/R0156.*keys-1-\d+-0, with keys that were met, has gone/)]);
  });

  test("goes on in one thread as on workers", async () => {
    const folder = await stopped();
    const code = readFileSync(join(folder, "out.js"), "utf8");
    expect(code).toContain("if (id !== stop)");
    writeFileSync(join(folder, "out.js"), code.replace("if (id !== stop)", "if (true)"));
    const resumed = await node(folder, "out.js", "--stop", "130", "--interpret");
    expect(resumed.code).toBe(0);
    await expectWhole(folder);
  });
});

describe("without a checkpoint that was begun", () => {
  test("a run that was killed before its first group forbids nothing", async () => {
    const folder = await makeItems();
    writeFileSync(join(folder, "work.ts"), work.replace(/  while .*\n/, ""));
    expect((await pipec(folder, "build")).code).toBe(0);
    await node(folder, "out.js", "--quiet", "--stop", "5");
    expect(readdirSync(join(folder, "state"))).toEqual(["manifest-00001"]);
    writeFileSync(join(folder, "work.ts"), harmless);
    expect((await pipec(folder, "build")).code).toBe(0);
    expect(await node(folder, "out.js", "--explain-resume")).toMatchObject({ code: 0, stdout: expect.stringContaining("before anything was committed") });
    expect(await node(folder, "out.js", "--quiet")).toMatchObject({ code: 0, stderr: "" });
    await expectWhole(folder);
    expect(readdirSync(folder).filter((name) => name.startsWith(".pipec")), "hidden folders").toEqual([]);
  });

  test("it is said that there is nothing to go on with", async () => {
    const folder = await makeItems();
    expect((await node(folder, "out.js", "--explain-resume")).stdout).toContain("There is nothing to go on with");
    // What fails before the first group leaves nothing.
    renameSync(join(folder, "data"), join(folder, "elsewhere"));
    expect((await node(folder, "out.js", "--quiet")).code).toBe(5);
    expect(existsSync(join(folder, "state"))).toBe(false);
  });

  test.skipIf(process.getuid?.() === 0)("a folder that may not be written is named, and nothing is lost", async () => {
    const folder = await makeItems();
    mkdirSync(join(folder, "out"));
    chmodSync(join(folder, "out"), 0o555);
    const refused = await node(folder, "out.js", "--quiet");
    chmodSync(join(folder, "out"), 0o755);
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("R0151")]);
    expect((await node(folder, "out.js", "--quiet")).code).toBe(0);
    await expectWhole(folder);
  });
});
