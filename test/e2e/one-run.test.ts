/** A run whose engine dies and is started again is one run: in the log, the summary, the report and the trace. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { makeWorkplace, node, pipec } from "../support/workplace.ts";

const program = `edition 1

param always: bool = false

record Item { id: int }

extern fn work(id: int, always: bool) -> int from "./work.ts"

pipeline items {
  with { checkpoint: { at: "state", every: 20 } }

  let made = read jsonl("items.jsonl") as Item |> { .id, twice: work(.id, always) }

  write made to jsonl("out/made")
}

pipeline whole {
  let made = read jsonl("items.jsonl") as Item |> { .id, twice: work(.id, always) }

  write made to jsonl("out/whole.jsonl")
}
`;

/** Kills the engine, once the first groups are committed: the first time that it comes to the row, or each time. */
const work = `import { existsSync, writeFileSync } from "node:fs";

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

export async function work(id: bigint, always: boolean): Promise<bigint> {
  if (id !== 130n || (existsSync("killed") && !always)) return id * 2n;
  while (existsSync("out/made") && !existsSync("out/made/part-00003-000.jsonl")) await pause();
  // What is done until then is noted every second.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  writeFileSync("killed", "");
  process.kill(process.pid, "SIGKILL");
  return 0n;
}
`;

let folder: string;
beforeAll(async () => {
  folder = makeWorkplace({ "items.pipe": program, "work.ts": work, "items.jsonl": Array.from({ length: 200 }, (_, id) => `{"id":${id}}\n`).join("") });
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
});

interface Logged {
  readonly outcome: string;
  readonly restarts?: number;
  readonly rowsIn?: number;
  readonly fault?: string;
}

async function lastRun(): Promise<{ readonly count: number; readonly last: Logged }> {
  const runs = JSON.parse((await pipec(folder, "log", "--json", "--last", "100")).stdout) as readonly [Logged];
  return { count: runs.length, last: runs[0] };
}

interface Mark {
  readonly name: string;
  readonly ph: string;
  readonly args?: { readonly rowsIn?: number };
}

describe("an engine that is killed once", () => {
  test("costs the run a restart, and no more lines in the log; report and trace show all of it", async () => {
    const ended = await node(folder, "out.js", "items", "--report", "run.html", "--trace", "run.json", "--json");
    expect(ended.code, ended.stderr).toBe(0);
    const summary = JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? "") as object;
    expect(summary).toMatchObject({ outcome: "finished", rowsIn: 200, rowsEarlier: 0, restarts: { count: 1, reason: "the engine was killed from outside" } });
    expect(await lastRun()).toMatchObject({ count: 1, last: { outcome: "finished", restarts: 1, rowsIn: 200 } });
    expect((await pipec(folder, "log")).stdout).toMatch(/finished +0 +200 .*started again once/);
    const report = readFileSync(join(folder, "run.html"), "utf8");
    expect(report).toContain("the engine was killed from outside");
    expect(report).toContain("restarts   1");
    const trace = JSON.parse(readFileSync(join(folder, "run.json"), "utf8")) as readonly Mark[];
    expect(trace.filter(({ name }) => name === "restart of engine")).toHaveLength(1);
    // Each group is committed once, by one engine or the other.
    const commits = trace.filter(({ name }) => name.startsWith("commit of group")).map(({ name }) => name);
    expect(commits).toEqual(commits.map((_, group) => `commit of group ${group}`));
    expect(commits.length).toBeGreaterThanOrEqual(10);
  });

  test("takes its rows along where nothing is committed before the end", async () => {
    const ended = await node(folder, "out.js", "whole", "--always", "--quiet", "--report", "whole.html", "--trace", "whole.json");
    expect([ended.code, ended.stderr]).toEqual([5, expect.stringContaining("R0174")]);
    const { count, last } = await lastRun();
    expect([count, last]).toEqual([2, expect.objectContaining({ outcome: "stopped", fault: expect.stringContaining("killed from outside") })]);
    expect(last.restarts).toBeGreaterThanOrEqual(3);
    const report = readFileSync(join(folder, "whole.html"), "utf8");
    expect(report).toContain("whole stopped after");
    expect((JSON.parse(readFileSync(join(folder, "whole.json"), "utf8")) as readonly Mark[]).filter(({ name }) => name === "restart of engine")).toHaveLength(last.restarts ?? 0);
    expect(existsSync(join(folder, "out", "whole.jsonl"))).toBe(false);
  });
});
