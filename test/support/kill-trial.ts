/**
 * Runs of a real program that are killed with SIGKILL at random moments and started again until they are done, and what
 * must hold then: the files of an uninterrupted run, byte for byte, and no file that was once seen changed.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";
import { createRandom } from "./random.ts";
import type { Random } from "./random.ts";

const program = `edition 1

param input: uri = "data/*.jsonl"
param output: uri = "out"
/// Milliseconds that each row takes.
param pace: int in 0..1000 = 1

record Item { id: int, kind: string, size: f32, parts: list<{ tag: string, weight: float }> }

record Extra { id: int }

extern fn work(id: int, pace: int) -> int from "./work.ts"

model affine(x: tensor<f32>[N, 2]) -> (y: tensor<f32>[N, 2]) { file: "models/affine.onnx" }

pipeline trial {
  with {
    errors: dead_letter("{output}/dead", max: 5%),
    checkpoint: { at: "{output}/state", every: 64 },
  }

  let items = read jsonl(input) as Item

  let scored = items
    |> { .., checked: work(.id, pace) }
    |> { .., ..affine([.size, .size]) } with { batch: 8 }
    |> filter(.size < 900.0)

  let open = scored
    |> explode(part: .parts) with { max: 10 }
    |> { .id, .kind, tag: .part.tag, weight: .part.weight, score: .y[0] }

  let judged = open |> { .id, .tag, ..affine([.score, .score]) } with { batch: 4 }

  let sums = judged |> implode(count: count(), total: sum(.y[0]))

  let fresh = items |> dedupe(by: .size, distance: 0, keys: 2000)

  let extra = read csv("extra/*.csv", header: true) as Extra

  write extra |> { .id, twice: work(.id, pace) } to jsonl("{output}/extra")
  write open to parquet("{output}/open", partition_by: [.kind], rows_per_file: 40)
  write judged |> { .id, .tag, .y } to jsonl("{output}/judged")
  write sums to jsonl("{output}/sums")
  write scored |> { .id, .checked, score: .y[1] } to jsonl("{output}/scored.jsonl")
  write fresh |> { .id, .size } to jsonl("{output}/fresh")
  write items |> limit(350) |> { .id } to csv("{output}/few")
}
`;

const work = `export async function work(id: bigint, pace: bigint): Promise<bigint> {
  if (pace > 0n) await new Promise((resolve) => setTimeout(resolve, Number(pace)));
  if (id % 97n === 5n) throw new Error(\`number \${id} is not wanted\`);
  return id * 2n;
}
`;

const FILES = 3;
const ROWS_OF_FILE = 200;

/** Everything that \`pipec build\` wants, in a folder below the checkout. */
export function writeTrialProgram(folder: string): void {
  mkdirSync(join(folder, "models"), { recursive: true });
  mkdirSync(join(folder, "data"), { recursive: true });
  writeFileSync(join(folder, "trial.pipe"), program);
  writeFileSync(join(folder, "work.ts"), work);
  const graph = createModelBuilder(17, 1);
  const doubled = graph.node("Mul", [graph.input("x", "f32", ["N", 2]), graph.floats("two", [1], [2])], {}, {});
  graph.node("Add", [doubled, graph.floats("one", [1], [1])], {}, { outputs: ["y"] });
  graph.output("y", "f32", ["N", 2]);
  writeFileSync(join(folder, "models", "affine.onnx"), ropeBytes(graph.build().model));
  mkdirSync(join(folder, "extra"), { recursive: true });
  writeFileSync(join(folder, "extra", "ids.csv"), ["id", ...Array.from({ length: ROWS_OF_FILE }, (_, index) => 10_000 + index), ""].join("\n"));
  for (let file = 0; file < FILES; file++) {
    const rows = Array.from({ length: ROWS_OF_FILE }, (_, index) => itemOf(file * ROWS_OF_FILE + index));
    writeFileSync(join(folder, "data", `${file}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
}

function itemOf(id: number): object {
  return { id, kind: `k${(id * 7) % 13}`, size: (id * 37) % 983, parts: Array.from({ length: id % 4 }, (_, part) => ({ tag: `t${part}`, weight: part / 2 })) };
}

export interface TrialResult {
  readonly kills: number;
  readonly starts: number;
  /** What does not hold; nothing where all is well. */
  readonly violations: readonly string[];
}

export type Files = ReadonlyMap<string, string>;

/** Digests of the files that a user sees: no hidden ones, no checkpoint. */
export function readFiles(folder: string, under = ""): Files {
  const files = new Map<string, string>();
  for (const name of readdirSync(join(folder, under)).sort()) {
    const path = under === "" ? name : `${under}/${name}`;
    if (name.startsWith(".") || name === "state") continue;
    if (statSync(join(folder, path)).isDirectory()) for (const [inner, digest] of readFiles(folder, path)) files.set(inner, digest);
    else files.set(path, createHash("sha256").update(readFileSync(join(folder, path))).digest("hex"));
  }
  return files;
}

interface Started {
  readonly pid: number;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

function start(folder: string, output: string): Started {
  const child = spawn(process.execPath, ["out.js", "--quiet", "--output", output], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return { pid: child.pid ?? -1, ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, stderr }))) };
}

/** An uninterrupted run: its files, and how long it took. */
export async function runReference(folder: string): Promise<{ readonly files: Files; readonly elapsedMs: number }> {
  mkdirSync(join(folder, "reference"), { recursive: true });
  const began = performance.now();
  const { code, stderr } = await start(folder, "reference").ended;
  if (code !== 0) throw new Error(`the reference run ended with ${code}: ${stderr}`);
  return { files: readFiles(join(folder, "reference")), elapsedMs: performance.now() - began };
}

const STARTS_MAX = 100;
/** A checkpoint is in use while an engine whose supervisor was killed notices. */
const IN_USE = "R0158";

/** One trial: kills until a run is done. Every choice follows from the seed; moments are those of the machine. */
export async function runTrial(folder: string, seed: number, reference: { readonly files: Files; readonly elapsedMs: number }): Promise<TrialResult> {
  const random = createRandom(seed);
  const output = `trial-${seed}`;
  mkdirSync(join(folder, output), { recursive: true });
  const seen = new Map<string, string>();
  const violations: string[] = [];
  let kills = 0;
  for (let starts = 1; starts <= STARTS_MAX; starts++) {
    const run = start(folder, output);
    let isOver = false;
    void run.ended.then(() => (isOver = true));
    const killing = killLater(run.pid, random, reference.elapsedMs, () => isOver);
    const { code, stderr } = await run.ended;
    kills += await killing;
    checkSeen(readFiles(join(folder, output)), seen, violations);
    if (code === 0) {
      violations.push(...compare(reference.files, readFiles(join(folder, output))), ...leftovers(join(folder, output)));
      rmSync(join(folder, output), { recursive: true, force: true });
      return { kills, starts, violations };
    }
    if (code !== null && !stderr.includes(IN_USE)) return { kills, starts, violations: [...violations, `run ${starts} ended with ${code}: ${stderr}`] };
    if (stderr.includes(IN_USE)) await sleep(100);
  }
  return { kills, starts: STARTS_MAX, violations: [...violations, `not done after ${STARTS_MAX} starts`] };
}

/** Kills of one start at most: an engine that is killed is started again by its supervisor. */
const ROUNDS = 2;

/** Kills the supervisor, or one of its descendants, once or several times. */
async function killLater(pid: number, random: Random, elapsedMs: number, isOver: () => boolean): Promise<number> {
  let kills = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(random.integer(Math.ceil(elapsedMs * 1.2)));
    if (isOver()) return kills;
    const below = descendants(pid);
    const target = random.integer(2) === 0 ? pid : (below[random.integer(Math.max(1, below.length))] ?? pid);
    try {
      process.kill(target, "SIGKILL");
      kills++;
    } catch {
      // It ended in this moment.
    }
    if (target === pid) return kills;
  }
  return kills;
}

function descendants(pid: number): readonly number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ")).filter((text) => text.trim() !== "").map(Number);
    return children.flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

/** Data that was once under a final name stays there as it was. */
function checkSeen(files: Files, seen: Map<string, string>, violations: string[]): void {
  for (const [name, digest] of seen) if (files.get(name) !== digest) violations.push(`${name} was seen, and is ${files.has(name) ? "another" : "gone"}`);
  for (const [name, digest] of files) if (!name.endsWith("_SUCCESS")) seen.set(name, digest);
}

function compare(expected: Files, found: Files): readonly string[] {
  const missing = [...expected.keys()].filter((name) => !found.has(name)).map((name) => `${name} is missing`);
  const other = [...found].filter(([name, digest]) => expected.get(name) !== digest).map(([name]) => (expected.has(name) ? `${name} differs` : `${name} is too much`));
  return [...missing, ...other];
}

function leftovers(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.startsWith(".")).map((name) => `${name} is left over`);
}
