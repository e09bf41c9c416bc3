/**
 * Runs that rows, operators and systems do their worst to: what kills or hangs a process costs the rows that do it each
 * time, and nothing else.
 */
import { fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { GraphDraft } from "../../compiler/onnx/model-draft.ts";
import { nameRun, orderVariable, processesFile } from "../../runtime/topology/engine-order.ts";
import { builtBytes } from "../support/onnx-models.ts";
import { crash } from "../support/crash.ts";
import { copySample, makeWorkplace, node, pipec, readTree } from "../support/workplace.ts";
import type { Ended } from "../support/workplace.ts";

const program = `edition 1

param input: uri = "rows.jsonl"
param output: uri = "out"

record Item {
  id: int,
  text: string,
}

extern fn work(text: string) -> (text: string)
  from "./externs.ts" with { timeout: 100 ms }

extern fn keep(text: string) -> (keep: bool)
  from "./externs.ts" with { timeout: 100 ms }

extern fn split(text: string) -> (words: list<string>)
  from "./externs.ts" with { timeout: 100 ms }

pipeline poison {
  with { errors: dead_letter("{output}/dead.jsonl", max: 5%) }

  let items = read jsonl(input) as Item
  let worked = items |> { .id, ..work(.text) }
  let words = worked |> filter(keep(.text).keep) |> explode(word: split(.text).words) with { max: 4 }
  let counted = words |> implode(words: count())
  write worked to jsonl("{output}/worked.jsonl")
  write counted to jsonl("{output}/counted.jsonl")
}

pipeline strict {
  let items = read jsonl(input) as Item
  let worked = items |> { .id, ..work(.text) }
  write worked to jsonl("{output}/worked.jsonl")
}
`;

/** Each function does what the row's text says, if it is named there. `once`: only where the file is not there yet. */
const externs = `import { existsSync, writeFileSync } from "node:fs";
import { pbkdf2Sync } from "node:crypto";

${String(crash)}

function obey(name: string, text: string): void {
  const [who, what, file] = text.split(" ");
  if (who !== name) return;
  if (what === "once") {
    if (existsSync(file)) return;
    writeFileSync(file, "");
    crash();
  }
  if (what === "abort") process.abort();
  if (what === "segv") crash();
  if (what === "loop") for (;;);
  if (what === "wait") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (what === "native") pbkdf2Sync("a", "b", 2 ** 31 - 1, 64, "sha512");
  if (what === "throw") throw new Error("no good");
}

export function work(text: string): { text: string } {
  obey("work", text);
  return { text };
}

export function keep(text: string): { keep: boolean } {
  obey("keep", text);
  return { keep: text !== "drop" };
}

export function split(text: string): { words: string[] } {
  obey("split", text);
  return { words: text.split(" ").slice(0, 4) };
}
`;

let folder: string;
beforeAll(async () => {
  folder = makeWorkplace({ "poison.pipe": program, "externs.ts": externs });
  const built = await pipec(folder, "build", "poison.pipe");
  expect(built.stderr).toBe("");
});

function writeRows(file: string, count: number, texts: Readonly<Record<number, string>>): void {
  const rows = Array.from({ length: count }, (_, id) => JSON.stringify({ id, text: texts[id] ?? (id % 10 === 3 ? "drop" : `row ${id}`) }));
  writeFileSync(join(folder, file), `${rows.join("\n")}\n`);
}

interface Outcome extends Ended {
  readonly worked: readonly number[];
  readonly counted: readonly number[];
  readonly dead: readonly Record<string, unknown>[];
}

async function run(name: string, pipeline: string, ...more: readonly string[]): Promise<Outcome> {
  const ended = await node(folder, "out.js", pipeline, "--input", join(folder, `${name}.jsonl`), "--output", join(folder, name), ...more);
  return { ...ended, ...readOutcome(name) };
}

function readOutcome(name: string): Omit<Outcome, keyof Ended> {
  const ids = (file: string): readonly number[] => readLines(join(folder, name, file)).map((row) => Number(row["id"]));
  return { worked: ids("worked.jsonl"), counted: ids("counted.jsonl"), dead: readLines(join(folder, name, "dead.jsonl")) };
}

function readLines(file: string): readonly Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe.skipIf(process.platform === "win32")("poison rows", () => {
  it("at one in a thousand of every kind are dead letters by file and row; all others are written", async () => {
    const poison: Readonly<Record<number, string>> = {
      117: "work abort", 640: "work loop", 871: "work throw",
      1200: "keep segv", 1444: "work wait", 1999: "work throw",
      2005: "split segv", 2300: "work native", 2998: "keep throw",
    };
    writeRows("poison.jsonl", 3000, poison);
    const { code, stderr, worked, counted, dead } = await run("poison", "poison");
    expect(code, stderr).toBe(0);
    const bad = new Set(Object.keys(poison).map(Number));
    const all = Array.from({ length: 3000 }, (_, id) => id);
    expect(dead.map(({ row, place }) => [row, place])).toEqual([...bad].map((id) => [id, `line ${id + 1}`]));
    expect(dead.every(({ file }) => String(file).endsWith("poison.jsonl"))).toBe(true);
    const messages = Object.fromEntries(dead.map(({ row, step, message }) => [row, `${String(step)}: ${String(message)}`]));
    expect(messages).toMatchObject({
      // In a worker Node turns this into an exception.
      117: expect.stringMatching(/^worked: (ended the process with SIGABRT|process.abort\(\) is not supported in workers)/),
      640: "worked: did not come back within 100 ms, each of two times that it was tried alone",
      871: "worked: no good",
      1200: expect.stringContaining("ended the process with SIGSEGV"),
      1444: expect.stringContaining("did not come back within 100 ms"),
      2005: expect.stringContaining("ended the process with SIGSEGV"),
      2300: expect.stringContaining("did not come back within 100 ms"),
    });
    // What fails in one branch is in the output of the other one.
    const failsInWork = (id: number): boolean => poison[id]?.startsWith("work") ?? false;
    expect(worked).toEqual(all.filter((id) => !failsInWork(id)));
    expect(counted).toEqual(all.filter((id) => !bad.has(id) && id % 10 !== 3));
  });

  it("end a run that takes no row errors, by file and row", async () => {
    writeRows("strict.jsonl", 50, { 31: "work segv" });
    const { code, stderr, worked } = await run("strict", "strict");
    expect(code).toBe(5);
    expect(stderr).toContain("note: the engine was ended by SIGSEGV; `worked` has a process of its own from now on; starting again\n");
    expect(stderr).toMatch(/error\[R0160\]: .*strict\.jsonl, line 32: ended the process with SIGSEGV, each of two times that it was tried alone/);
    expect(worked).toEqual([]);
  });

  it("are not those that only happened to be there", async () => {
    writeRows("once.jsonl", 200, { 20: `work once ${join(folder, "seen-1")}`, 90: `keep once ${join(folder, "seen-2")}`, 150: `split once ${join(folder, "seen-3")}` });
    const { code, stderr, worked, counted, dead } = await run("once", "poison");
    expect(code, stderr).toBe(0);
    expect(dead).toEqual([]);
    expect(worked).toHaveLength(200);
    expect(counted).toHaveLength(180);
  });
});

/** y = n as f32, after as many rounds of a loop as the largest n of the batch says. */
function loopModel(): Uint8Array {
  const b = createModelBuilder(17);
  const n = b.input("n", "i64", ["N"]);
  const trips = b.node("ReduceMax", [n], { keepdims: 0 });
  const body: GraphDraft = {
    nodes: [
      { kind: "new", op: "Identity", inputs: ["more"], outputs: ["more_out"], attributes: {}, name: "more", domain: "" },
      { kind: "new", op: "Add", inputs: ["x", "one"], outputs: ["x_out"], attributes: {}, name: "add", domain: "" },
    ],
    inputs: [{ kind: "new", name: "round", dtype: "i64", dims: [] }, { kind: "new", name: "more", dtype: "bool", dims: [] }, { kind: "new", name: "x", dtype: "f32", dims: [1] }],
    outputs: [{ kind: "new", name: "more_out", dtype: "bool", dims: [] }, { kind: "new", name: "x_out", dtype: "f32", dims: [1] }],
    initializers: [],
  };
  b.floats("one", [1], [1]);
  const looped = b.node("Loop", [trips, "", b.floats("zero", [1], [0])], { body: { kind: "graph", value: body } });
  b.node("Add", [b.node("Cast", [n], { to: 1 }), b.node("Mul", [looped, "zero"])], {}, { outputs: ["y"] });
  b.output("y", "f32", ["N"]);
  return builtBytes(b);
}

describe.skipIf(process.platform === "win32")("a model that hangs on a row", () => {
  it("costs that row, though nothing can end the call; the others are batched as if it had been filtered", async () => {
    const text = `edition 1

param input: uri = "rows.jsonl"

record Item { id: int, rounds: int }

model looped(n: tensor<i64>[N]) -> (y: tensor<f32>[N]) { file: "loop.onnx", timeout: 400 ms }

pipeline p {
  with { errors: skip(max: 5%) }

  let items = read jsonl(input) as Item
  let done = items |> { .id, ..looped(.rounds) } with { batch: 8 }
  write done to jsonl("done.jsonl")
}
`;
    const rows = Array.from({ length: 100 }, (_, id) => JSON.stringify({ id, rounds: id === 42 ? 2 ** 40 : id }));
    const place = makeWorkplace({ "p.pipe": text, "loop.onnx": loopModel(), "rows.jsonl": `${rows.join("\n")}\n` });
    const built = await pipec(place, "build", "p.pipe");
    expect(built.code, built.stderr).toBe(0);
    const { code, stderr } = await node(place, "out.js");
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("note: a call did not come back within 400 ms; `done` has a process of its own from now on; starting again\n");
    expect(stderr).toContain("1 dead");
    expect(readLines(join(place, "done.jsonl"))).toEqual(Array.from({ length: 100 }, (_, id) => ({ id, y: id })).filter(({ id }) => id !== 42));
  });
});

describe("steps in processes of their own", () => {
  it("give the same bytes: models, tokenizers, filters", async () => {
    const sample = copySample("text-branch");
    expect((await pipec(sample, "build")).code).toBe(0);
    expect((await node(sample, "out.js", "--quiet")).code).toBe(0);
    const isolated = Array.from({ length: 100 }, (_, step) => step);
    const records = makeWorkplace();
    const code = await new Promise<number | null>((resolve, reject) => {
      const engine = fork(join(sample, "out.js"), ["--quiet", "--output", "apart"], { cwd: sample, env: { ...process.env, ...orderVariable({ folder: records, isolated, incarnation: 1, reason: "a trial", run: nameRun() }) } });
      engine.on("error", reject);
      engine.on("exit", resolve);
    });
    expect(code).toBe(0);
    expect(readFileSync(join(records, processesFile), "utf8").match(/^\+\d+$/gm)?.length).toBeGreaterThan(2);
    const [together, apart] = [readTree(join(sample, "out", "mail")), readTree(join(sample, "apart"))];
    expect(together.size).toBeGreaterThan(0);
    expect(apart).toEqual(together);
  });
});

/** The engine that a supervisor runs now; undefined where it runs none. */
function engineOf(supervisor: ChildProcess): number | undefined {
  const { pid } = supervisor;
  const file = `/proc/${pid}/task/${pid}/children`;
  const text = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  return text === "" ? undefined : Number(text.split(" ")[0]);
}

/** Gone, or a zombie that nobody has buried yet. */
function isGone(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return !existsSync(file) || /^\d+ \(.*\) Z/.test(readFileSync(file, "utf8"));
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const seen = look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A run that hangs at its row 10, without a limit that would end it, once it has got there. */
async function startHanging(name: string): Promise<{ readonly supervisor: ChildProcess; readonly ended: Promise<Ended>; readonly engine: number }> {
  const marker = join(folder, `${name}.reached`);
  writeRows(`${name}.jsonl`, 50, { 10: marker });
  const supervisor = spawn(process.execPath, ["hang.js", "--input", `${name}.jsonl`, "--output", name], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  supervisor.stdout.on("data", (part: Buffer) => (text.stdout += part.toString()));
  supervisor.stderr.on("data", (part: Buffer) => (text.stderr += part.toString()));
  const ended = new Promise<Ended>((resolve) => supervisor.on("close", (code) => resolve({ code, ...text })));
  await until(() => (existsSync(marker) ? true : undefined));
  return { supervisor, ended, engine: await until(() => engineOf(supervisor)) };
}

describe.skipIf(process.platform !== "linux")("processes of a run", () => {
  beforeAll(async () => {
    writeFileSync(join(folder, "hang.pipe"), `edition 1

param input: uri = "rows.jsonl"
param output: uri = "out"

record Item {
  id: int,
  text: string,
}

extern fn hang(text: string) -> (text: string)
  from "./hang.ts"

pipeline hanging {
  let items = read jsonl(input) as Item
  write items |> { .id, ..hang(.text) } to jsonl("{output}/rows.jsonl")
}
`);
    writeFileSync(join(folder, "hang.ts"), `import { existsSync, writeFileSync } from "node:fs";
import { pbkdf2Sync } from "node:crypto";

export function hang(text: string): { text: string } {
  if (text.endsWith(".reached") && !existsSync(text)) {
    writeFileSync(text, "");
    pbkdf2Sync("a", "b", 2 ** 31 - 1, 64, "sha512");
  }
  return { text };
}
`);
    expect((await pipec(folder, "build", "hang.pipe", "--out", "hang.js")).stderr).toBe("");
  });

  it("are started again where the engine is killed from outside, and no row is blamed", async () => {
    const { ended, engine } = await startHanging("killed");
    process.kill(engine, "SIGKILL");
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("note: the engine was killed from outside; starting again\n");
    expect(readLines(join(folder, "killed", "rows.jsonl"))).toHaveLength(50);
  });

  it("are gone with the supervisor, though one of them hangs in native code", async () => {
    const { supervisor, engine } = await startHanging("orphan");
    supervisor.kill("SIGKILL");
    await until(() => (isGone(engine) ? true : undefined));
    expect(existsSync(join(folder, "orphan", "rows.jsonl"))).toBe(false);
  });

  it("end with 5 where they are told to stop and there is no checkpoint", async () => {
    writeRows("stopped.jsonl", 40_000, {});
    const supervisor = spawn(process.execPath, ["hang.js", "--input", "stopped.jsonl", "--output", "stopped"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    supervisor.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
    const ended = new Promise<number | null>((resolve) => supervisor.on("close", resolve));
    await until(() => engineOf(supervisor));
    supervisor.kill("SIGTERM");
    expect(await ended).toBe(5);
    expect(stderr).toContain("error[R0159]: the run was told to stop before its end: nothing was published");
    expect(existsSync(join(folder, "stopped", "rows.jsonl"))).toBe(false);
  });

  it("are gone at the second Ctrl-C, though one of them hangs in native code", async () => {
    const { supervisor, ended, engine } = await startHanging("twice");
    supervisor.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    supervisor.kill("SIGINT");
    expect((await ended).code).toBe(130);
    expect(isGone(engine)).toBe(true);
  });
});
