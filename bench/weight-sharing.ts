/**
 * Two replicas of a large stage on one machine: weights inside the model file, or in a file beside it that both map.
 *
 *   node scripts/run-ts.mjs bench/weight-sharing.ts [BLOCKS]
 *
 * Each way runs in a process of its own: two sessions are opened and run once, and the resident memory that each of
 * them added is printed, of its own and mapped from files; then rows a second of one of them, at batches of 1 and 8,
 * the ways taking turns. The model is a stack of transformer-like linear layers (768, 3072) over 16 tokens with seeded
 * weights. Sharing takes two things together: `shared` has both, `mapped` the file alone, with weights packed as usual.
 */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createModelBuilder } from "../compiler/onnx/build-model.ts";
import { writeRope } from "../compiler/onnx/rope.ts";
import type { Rope } from "../compiler/onnx/rope.ts";
import { onnxBackend } from "../runtime/backends/onnx-executor.ts";
import type { ModelSession } from "../runtime/contract/backend.ts";
import type { Tensor } from "../runtime/contract/value.ts";

const ways = ["inline", "mapped", "shared"] as const;
type Way = (typeof ways)[number];

interface Measured {
  readonly way: Way;
  /** What each session added to the resident memory, in bytes: anonymous, and mapped from files. */
  readonly added: readonly { readonly own: number; readonly mapped: number }[];
  readonly rowsPerS: Readonly<Record<number, number>>;
  /** Of the outputs, to see that the ways agree. */
  readonly sum: number;
}

const [tokens, width, inner] = [16, 768, 3072];
const batches = [1, 8];
const secondsEach = 3;

function writeModels(folder: string, blocks: number): number {
  const build = (): ReturnType<typeof createModelBuilder> => {
    const builder = createModelBuilder(17, 1);
    let value = builder.input("x", "f32", ["N", tokens, width]);
    for (let block = 0; block < blocks; block++) {
      const up = builder.node("Relu", [builder.node("MatMul", [value, builder.weight(`up${block}`, [width, inner], 0.03)])]);
      value = builder.node("Add", [value, builder.node("MatMul", [up, builder.weight(`down${block}`, [inner, width], 0.01)])]);
    }
    builder.node("Identity", [value], {}, { outputs: ["y"] });
    builder.output("y", "f32", ["N", tokens, width]);
    return builder;
  };
  save(join(folder, "inline.onnx"), build().build().model);
  const { model, external } = build().build({ external: { location: "mapped.weights", bytesMin: 4096 } });
  save(join(folder, "mapped.onnx"), model);
  save(join(folder, "mapped.weights"), external);
  return external.length;
}

function save(path: string, rope: Rope): void {
  const file = openSync(path, "w");
  writeRope(rope, (bytes) => {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  });
  closeSync(file);
}

/** A page that is mapped twice counts once: the resident set would count it twice. */
function residentBytes(): { readonly own: number; readonly mapped: number } {
  const status = readFileSync("/proc/self/smaps_rollup", "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
  return { own: field("Pss_Anon"), mapped: field("Pss_File") };
}

function inputOf(batch: number): ReadonlyMap<string, Tensor> {
  return new Map([["x", { dtype: "f32", shape: [batch, tokens, width], data: Float32Array.from({ length: batch * tokens * width }, (_, index) => Math.sin(index)) }]]);
}

/** In the child. */
async function measure(folder: string, way: Way): Promise<Measured> {
  const file = join(folder, way === "inline" ? "inline.onnx" : "mapped.onnx");
  const open = (): Promise<ModelSession> =>
    onnxBackend.open({ name: way, at: { file: "bench", line: 1, column: 1 }, inputs: [{ port: "x" }], outputs: [{ port: "y" }], device: "cpu", intraOpThreads: 1, session: { optimize: true, shareWeights: way === "shared" } }, file);
  const sessions: ModelSession[] = [];
  const added: { own: number; mapped: number }[] = [];
  let sum = 0;
  for (let replica = 0; replica < 2; replica++) {
    const before = residentBytes();
    const session = await open();
    sessions.push(session);
    sum = 0;
    for (const value of (await session.run(inputOf(1))).get("y")?.data ?? []) sum += Number(value);
    const after = residentBytes();
    added.push({ own: after.own - before.own, mapped: after.mapped - before.mapped });
  }
  const rowsPerS: Record<number, number> = {};
  for (const batch of batches) {
    const inputs = inputOf(batch);
    await sessions[0].run(inputs);
    const started = performance.now();
    let rows = 0;
    while (performance.now() - started < secondsEach * 1000) {
      await sessions[0].run(inputs);
      rows += batch;
    }
    rowsPerS[batch] = (rows * 1000) / (performance.now() - started);
  }
  for (const session of sessions) await session.close();
  return { way, added, rowsPerS, sum };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

function compare(blocks: number): void {
  const folder = mkdtempSync(join(tmpdir(), "pipec-sharing-"));
  try {
    console.log(`${blocks} blocks, ${megabytes(writeModels(folder, blocks))} of weights`);
    const child = (way: Way): Measured => {
      const text = execFileSync(process.execPath, [fileURLToPath(new URL("../scripts/run-ts.mjs", import.meta.url)), fileURLToPath(import.meta.url), "child", folder, way], { encoding: "utf8" });
      return JSON.parse(text.trim().split("\n").at(-1) ?? "") as Measured;
    };
    for (const way of ways) child(way);
    const results = [0, 1].flatMap(() => ways.map(child));
    const inline = results.filter(({ way }) => way === "inline");
    for (const way of ways) {
      const own = results.filter((result) => result.way === way);
      const [first] = own;
      const rates = batches.map((batch) => {
        const rate = Math.max(...own.map(({ rowsPerS }) => rowsPerS[batch]));
        return `batch ${batch}: ${rate.toFixed(1)} rows/s (${(rate / Math.max(...inline.map(({ rowsPerS }) => rowsPerS[batch]))).toFixed(2)} of inline)`;
      });
      console.log(`${way.padEnd(7)} ${first.added.map(({ own: anonymous, mapped }, replica) => `replica ${replica + 1}: ${megabytes(anonymous)} own + ${megabytes(mapped)} mapped`).join(", ")}; ${rates.join(", ")}; sum ${first.sum.toFixed(3)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [mode = "12", folder = "", way = ""] = process.argv.slice(2);
const known = ways.find((candidate) => candidate === way);
if (mode === "child" && known !== undefined) console.log(JSON.stringify(await measure(folder, known)));
else compare(Number(mode));
