/**
 * How well plans predict models on this machine's cores: each model is measured at one batch size and thread split,
 * and rows/s are predicted from that at other batches, threads and numbers of sessions, and then measured there too.
 *
 *   node scripts/run-ts.mjs bench/predict.ts
 *
 * ResNet-50, ViT-B/16 and a BERT-base, of real sizes with weights of zeros (a GEMM takes as long on those). What else
 * runs on the machine only ever makes a run longer: the points take turns, the best of the rounds counts, and the last
 * column says which share of the cores others took meanwhile, or while the model was calibrated. Above a few percent,
 * run it again when it is quiet.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { detectMachine } from "../compiler/cli/detect-machine.ts";
import { measureModel } from "../compiler/cli/measure-model.ts";
import type { ModelProbe } from "../compiler/cli/measure-model.ts";
import { describeMachine } from "../compiler/plan/hardware/describe-machine.ts";
import { estimatedBatchPs } from "../compiler/plan/cluster/core-pool.ts";
import { workOfModel } from "../compiler/plan/cost/work-of-model.ts";
import { dimName, dimOf } from "../language/tensor/dim.ts";
import { albertTower, resnetTower, vitTower } from "../test/support/large-towers.ts";
import type { TowerFiles } from "../test/support/large-towers.ts";

const base = { layers: 12, width: 768, heads: 12, inner: 3072, shared: false };
const pixels = (batch: number) => [{ port: "pixels", dtype: "f32", shape: [batch, 3, 224, 224] }];
const models: readonly { readonly name: string; readonly files: () => TowerFiles; readonly inputs: (batch: number) => ModelProbe["inputs"] }[] = [
  { name: "resnet50", files: () => resnetTower(), inputs: pixels },
  { name: "vit-b16", files: () => vitTower(base, "f32", 16), inputs: pixels },
  { name: "bert-base, 128 tokens", files: () => albertTower(base, "f32"), inputs: (batch) => [{ port: "ids", dtype: "i64", shape: [batch, 128] }] },
];

interface Point {
  readonly batch: number;
  readonly threads: number;
  readonly sessions: number;
}

interface Measured {
  readonly msPerBatch: number;
  /** Of all cores, while it was measured. */
  readonly othersShare: number;
}

const ROUNDS = 2;
const QUIET_SHARE_MAX = 0.1;
const calibrateAt: Point = { batch: 4, threads: 2, sessions: 1 };
const predictAt: readonly Point[] = [
  { batch: 8, threads: 2, sessions: 1 },
  { batch: 2, threads: 2, sessions: 1 },
  { batch: 4, threads: 1, sessions: 1 },
  { batch: 8, threads: 1, sessions: 1 },
  { batch: 2, threads: 1, sessions: 2 },
];

if (process.send === undefined) await printTable();
else process.once("message", (probe: ModelProbe) => void measureModel(probe).then((ms) => process.send?.(ms, () => process.disconnect())));

async function printTable(): Promise<void> {
  const [group] = describeMachine(detectMachine()).hardware.nodes;
  if (group === undefined) throw new Error("this machine is none");
  const { node } = group;
  console.log(`calibrated at batch ${calibrateAt.batch} with ${calibrateAt.threads} threads, on ${node.cores} x ${node.core.name}`);
  console.log(["model", "batch", "threads", "sessions", "predicted rows/s", "measured", "error %", "others %"].join("\t"));
  const folder = mkdtempSync(join(tmpdir(), "pipec-predict-"));
  const quietErrors: number[] = [];
  try {
    for (const { name, files: build, inputs } of models) {
      const files = build();
      const file = writeModel(folder, files);
      const shapes = new Map(inputs(1).map((input) => [input.port, [dimName("N"), ...input.shape.slice(1).map((dim) => dimOf(dim))]]));
      const batches = [...new Set([calibrateAt, ...predictAt].map(({ batch }) => batch))].sort((a, b) => a - b);
      const work = workOfModel(files.graph, { name, inputShapes: shapes, batchName: "N", batches, buckets: [{ share: 1, dims: new Map() }] });
      const estimatedMs = ({ batch, threads }: Point): number => estimatedBatchPs({ work }, node, batch, threads) / 1e9;
      const measured = await measurePoints(file, inputs, [calibrateAt, ...predictAt]);
      const scale = (measured.get(calibrateAt)?.msPerBatch ?? 0) / estimatedMs(calibrateAt);
      for (const point of predictAt) {
        const { msPerBatch, othersShare: own } = measured.get(point) ?? { msPerBatch: 0, othersShare: 0 };
        const othersShare = Math.max(own, measured.get(calibrateAt)?.othersShare ?? 0);
        const [predicted, found] = [estimatedMs(point) * scale, msPerBatch].map((ms) => (point.sessions * point.batch * 1000) / ms);
        const error = ((predicted ?? 0) / (found ?? 1) - 1) * 100;
        if (othersShare <= QUIET_SHARE_MAX) quietErrors.push(Math.abs(error));
        console.log([name, point.batch, point.threads, point.sessions, predicted?.toFixed(2), found?.toFixed(2), error.toFixed(1), (othersShare * 100).toFixed(0)].join("\t"));
      }
    }
    const all = models.length * predictAt.length;
    const worst = quietErrors.length === 0 ? "" : `; the worst of those is ${Math.max(...quietErrors).toFixed(1)} % off`;
    console.log(`${quietErrors.length} of ${all} points were measured while others took at most ${QUIET_SHARE_MAX * 100} % of the cores${worst}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeModel(folder: string, files: TowerFiles): string {
  const file = join(folder, "model.onnx");
  writeFileSync(file, files.bytes);
  const external = openSync(join(folder, files.external.location), "w");
  ftruncateSync(external, files.external.bytes);
  closeSync(external);
  return file;
}

/** The best of the rounds at each point; the points take turns, so that a noisy minute does not fall on one of them. */
async function measurePoints(file: string, inputs: (batch: number) => ModelProbe["inputs"], points: readonly Point[]): Promise<ReadonlyMap<Point, Measured>> {
  const best = new Map<Point, Measured>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const point of points) {
      const probe: ModelProbe = { file, threads: point.threads, inputs: inputs(point.batch) };
      const before = busyTimes();
      const started = Date.now();
      const times = await Promise.all(Array.from({ length: point.sessions }, () => inChild(probe)));
      const after = busyTimes();
      const own = times.reduce((sum, time) => sum + time.cpuMs, 0);
      const othersShare = Math.max(0, after - before - own) / ((Date.now() - started) * cpus().length);
      const msPerBatch = times.reduce((sum, time) => sum + time.msPerBatch, 0) / times.length;
      const known = best.get(point);
      if (known === undefined || msPerBatch < known.msPerBatch) best.set(point, { msPerBatch, othersShare });
    }
  }
  return best;
}

/** Every session in a process of its own, as `run()` of onnxruntime blocks its thread. */
function inChild(probe: ModelProbe): Promise<{ readonly msPerBatch: number; readonly cpuMs: number }> {
  const child = fork(fileURLToPath(new URL("../scripts/run-ts.mjs", import.meta.url)), [fileURLToPath(import.meta.url)]);
  return new Promise((resolve, reject) => {
    let cpuMs = 0;
    child.once("message", (ms: number) => {
      cpuMs = cpuTimeOf(child);
      resolve({ msPerBatch: ms, cpuMs });
    });
    child.once("error", reject);
    child.once("exit", (code) => void (code === 0 || reject(new Error(`a session ended with ${code}`))));
    child.send(probe);
  });
}

/** Processor time of a process in milliseconds, where the system tells. */
function cpuTimeOf(child: ChildProcess): number {
  const file = `/proc/${child.pid}/stat`;
  if (!existsSync(file)) return Infinity;
  const fields = readFileSync(file, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10;
}

/** Of all cores since the machine started, in milliseconds. */
function busyTimes(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
