/**
 * How well plans predict models on this machine's cores: each model is measured at one batch size and thread count,
 * and rows/s are predicted from that at others and then measured there too. One replica; nothing else should run.
 *
 *   node scripts/run-ts.mjs bench/predict.ts
 *
 * ResNet-50, ViT-B/16 and a BERT-base, of real sizes with weights of zeros (a GEMM takes as long on those).
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectMachine } from "../compiler/cli/detect-machine.ts";
import { measureModel } from "../compiler/cli/measure-model.ts";
import { describeMachine } from "../compiler/plan/hardware/describe-machine.ts";
import { estimatedBatchPs } from "../compiler/plan/cluster/core-pool.ts";
import { workOfModel } from "../compiler/plan/cost/work-of-model.ts";
import { dimName, dimOf } from "../language/tensor/dim.ts";
import { albertTower, resnetTower, vitTower } from "../test/support/large-towers.ts";
import type { TowerFiles } from "../test/support/large-towers.ts";

const base = { layers: 12, width: 768, heads: 12, inner: 3072, shared: false };
const pixels = (batch: number) => [{ port: "pixels", dtype: "f32", shape: [batch, 3, 224, 224] }];
const models: readonly { readonly name: string; readonly files: TowerFiles; readonly inputs: (batch: number) => Parameters<typeof measureModel>[0]["inputs"] }[] = [
  { name: "resnet50", files: resnetTower(), inputs: pixels },
  { name: "vit-b16", files: vitTower(base, "f32", 16), inputs: pixels },
  { name: "bert-base, 128 tokens", files: albertTower(base, "f32"), inputs: (batch) => [{ port: "ids", dtype: "i64", shape: [batch, 128] }] },
];

const [group] = describeMachine(detectMachine()).hardware.nodes;
if (group === undefined) throw new Error("this machine is none");
const { node } = group;
const calibrateAt = { batch: 4, threads: 2 };
const predictAt = [{ batch: 8, threads: 2 }, { batch: 2, threads: 2 }, { batch: 4, threads: 1 }, { batch: 8, threads: 1 }];
const batches = [2, 4, 8];

console.log(`calibrated at batch ${calibrateAt.batch} with ${calibrateAt.threads} threads, on ${node.cores} x ${node.core.name}`);
console.log(["model", "batch", "threads", "predicted rows/s", "measured", "error %"].join("\t"));
const folder = mkdtempSync(join(tmpdir(), "pipec-predict-"));
try {
  for (const { name, files, inputs } of models) {
    const file = join(folder, "model.onnx");
    writeFileSync(file, files.bytes);
    const external = openSync(join(folder, files.external.location), "w");
    ftruncateSync(external, files.external.bytes);
    closeSync(external);
    const shapes = new Map(inputs(1).map((input) => [input.port, [dimName("N"), ...input.shape.slice(1).map((dim) => dimOf(dim))]]));
    const work = workOfModel(files.graph, { name, inputShapes: shapes, batchName: "N", batches, buckets: [{ share: 1, dims: new Map() }] });
    const measure = async (at: typeof calibrateAt) => measureModel({ file, threads: at.threads, inputs: inputs(at.batch) });
    const scale = ((await measure(calibrateAt)) * 1e9) / estimatedBatchPs({ work }, node, calibrateAt.batch, calibrateAt.threads);
    for (const at of predictAt) {
      const predicted = at.batch / ((estimatedBatchPs({ work }, node, at.batch, at.threads) * scale) / 1e12);
      const measured = at.batch / ((await measure(at)) / 1000);
      console.log([name, at.batch, at.threads, predicted.toFixed(2), measured.toFixed(2), ((predicted / measured - 1) * 100).toFixed(1)].join("\t"));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
