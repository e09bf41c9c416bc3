/**
 * What functions of users leave behind, and what they do to the process: the run ends with a word of it, as a fault of
 * the program and not of ours; what is ours stays ours.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { crash } from "../support/crash.ts";
import { makeWorkplace, node, pipec, readTree } from "../support/workplace.ts";
import type { Ended } from "../support/workplace.ts";

const program = `edition 1

param input: uri = "rows.jsonl"
param output: uri = "out"

record Item { text: string }

extern fn work(text: string) -> (text: string) from "./work.ts"

pipeline items {
  with { errors: dead_letter("{output}/dead", max: 100%) }

  let worked = read jsonl(input) as Item |> { ..work(.text) }
  write worked to jsonl("{output}/worked.jsonl")
}
`;

const work = `import { EventEmitter } from "node:events";
import { existsSync, writeFileSync } from "node:fs";

${String(crash)}

if (process.argv.includes("top.jsonl")) setTimeout(() => { throw new Error("lost at the top"); }, 0);

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

export async function work(text: string): Promise<{ text: string }> {
  if (text === "timer") setTimeout(() => { throw new Error("lost"); }, 0);
  if (text === "promise") void Promise.reject(new Error("lost"));
  if (text === "nothing") void Promise.reject({ code: 7, reason: "lost" });
  if (text === "listener") await new Promise(() => setTimeout(() => new EventEmitter().emit("error", new Error("lost")), 0));
  if (text === "never") await new Promise(() => {});
  if (text === "exit") process.exit(3);
  if (text === "bare") throw Object.create(null);
  if (text === "code") throw { code: 1 };
  if (text === "crash" && !existsSync("crashed")) {
    writeFileSync("crashed", "");
    crash();
  }
  await pause();
  return { text };
}
`;

let folder: string;
beforeAll(async () => {
  folder = makeWorkplace({ "items.pipe": program, "work.ts": work });
  expect(await pipec(folder, "build")).toMatchObject({ code: 0, stderr: "" });
});

interface Outcome extends Ended {
  readonly files: ReadonlyMap<string, Buffer>;
}

async function run(name: string, texts: readonly string[], way: readonly string[] = [], bundle = "out.js"): Promise<Outcome> {
  writeFileSync(join(folder, `${name}.jsonl`), texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
  const output = `out-${name}${way.join("")}`;
  const ended = await node(folder, bundle, "--input", `${name}.jsonl`, "--output", output, ...way);
  return { ...ended, files: readTree(join(folder, output)) };
}

const ways = [{ way: [] as string[], where: ", in the worker of worked" }, { way: ["--interpret"], where: "" }];

describe.each(ways)("an error that nobody waited for ($way)", ({ way, where }) => {
  it.each([
    ["timer", "lost"],
    ["promise", "lost"],
    ["listener", "lost"],
    ["nothing", "{ code: 7, reason: 'lost' }"],
  ])("ends the run with its words (%s)", async (text, words) => {
    const { code, stderr, files } = await run(text, ["a", text, "b"], way);
    expect(stderr).toContain(`error[R0176]: an error that nobody waited for came from \`work\`${where}: ${words}\n  to mend it: await what the function begins, or catch its errors\n`);
    expect(stderr).not.toMatch(/^\s+at |bug in pipec/m);
    expect(code).toBe(5);
    expect([...files.keys()]).toEqual([]);
  });

  it("is the program's own too where a module left it as it was loaded", async () => {
    const { code, stderr } = await run("top", ["a"], way);
    expect(stderr).toContain("error[R0176]: an error that nobody waited for came from ");
    expect(stderr).toContain(": lost at the top\n");
    expect(stderr).not.toMatch(/^\s+at |bug in pipec/m);
    expect(code).toBe(5);
  });

  it("is our bug where it is", async () => {
    const bundle = `ours${way.length}.js`;
    const ours = 'setTimeout(() => { throw new Error("ours"); }, 20);';
    writeFileSync(join(folder, bundle), readFileSync(join(folder, "out.js"), "utf8").replace(/^ *function openMap\(.*$/m, `$&${ours}`));
    const { code, stderr } = await run("ours", ["a", "b"], way, bundle);
    expect(stderr).toMatch(/^This is a bug in pipec, not in your program.*\nError: ours\n +at /m);
    expect(code).toBe(70);
  });
});

describe.each(ways)("a function ($way)", ({ way }) => {
  it("that ends the process ends the run", async () => {
    const { code, stderr, files } = await run("exit", ["a", "exit"], way);
    expect(stderr).toMatch(/error\[R0171\]: the (worker of worked|process) ended before its work was done/);
    expect(code).toBe(5);
    expect([...files.keys()].filter((name) => !name.startsWith(".pipec-staging"))).toEqual([]);
  });

  it("may throw what it likes", async () => {
    const { code, stderr, files } = await run("odd", ["a", "bare", "code"], way);
    expect(code, stderr).toBe(0);
    const dead = [...files].filter(([name]) => name.startsWith("dead/part")).map(([, bytes]) => bytes.toString("utf8")).join("");
    expect(dead).toContain('"message":"[Object: null prototype] {}"');
    expect(dead).toContain('"message":"{ code: 1 }"');
  });
});

it("waits in vain for what never comes, in one thread", async () => {
  const { code, stderr } = await run("never", ["a", "never"], ["--interpret"]);
  expect(stderr).toContain("error[R0171]: the process ended before its work was done: `work` ended it, or waits for what never comes\n");
  expect(code).toBe(5);
});

it.skipIf(process.platform === "win32")("is told by a process of its own, which the step has after a crash", async () => {
  const { code, stderr } = await run("crash", ["crash", "a", "timer", "b"]);
  expect(stderr).toContain("`worked` has a process of its own from now on");
  expect(stderr).toContain("error[R0176]: an error that nobody waited for came from `work`: lost\n");
  expect(code).toBe(5);
});
