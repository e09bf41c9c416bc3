/** A program with a model whole, and cut into a gang of two or four ranks and a part that follows it. Members die on demand. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { defineParams, defineProgram } from "../../../runtime/index.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import type { ModelBinding, ModelPart, ModelSpec, PipelineSpec, RankSpec, SinkSpec, StepSpec } from "../../../runtime/contract/program.ts";
import { jsonl } from "../../../stdlib/sinks/jsonl/kernel.ts";
import { buildPipeline, here } from "../build-pipeline.ts";
import { crash } from "../crash.ts";
import { gangRanks } from "../gang-ranks.ts";
import { numbers } from "./numbers-source.ts";

const params = defineParams({
  rows: { doc: "", type: { kind: "int", low: 0 }, default: 30n },
  bad_at: { doc: "This row fails in a rank", type: { kind: "int" }, default: -1n },
  output: { doc: "", type: { kind: "uri" }, default: "out" },
});

const LAST_STAGE = 3;

const startedWith: unknown = workerData;
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** The file `opened` says that the stage behind the gang has loaded its model, and is not at work any more. */
function tellOfOpening(): void {
  if (!isObject(startedWith) || !("pipec" in startedWith) || !isObject(startedWith.pipec) || !("role" in startedWith.pipec)) return;
  const { role } = startedWith.pipec;
  const control = parentPort;
  if (control === null || !isObject(role) || !("stage" in role) || role.stage !== LAST_STAGE) return;
  const post = control.postMessage.bind(control);
  control.postMessage = (message: { readonly kind: string }) => {
    if (message.kind === "ready") writeFileSync("opened", "");
    post(message);
  };
}

/** The file `deaths` says how often a member is to end when it is told to run; where there is a file `crash`, it takes the process with it, while nobody but the gang is at work. */
function dieOnDemand(): void {
  if (!isObject(startedWith) || !("pipecMember" in startedWith)) return;
  parentPort?.on("message", (message: { readonly kind: string }) => {
    const left = existsSync("deaths") ? Number(readFileSync("deaths", "utf8")) : 0;
    if (message.kind !== "run" || left === 0) return;
    writeFileSync("deaths", String(left - 1));
    if (!existsSync("crash")) process.exit(9);
    while (!existsSync("opened")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    crash();
  });
}

tellOfOpening();
dieOnDemand();

const id: Column = { name: "id", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8 };
const tensor = (name: string): Column => ({ name, type: { kind: "tensor", dtype: "f32", shape: [4] }, bytesMax: 16 });
const base = { at: here, resources: [] };

const model: ModelSpec = {
  name: "two_layers", at: here, file: "models/whole.onnx", batch: 3, fixedBatch: false, batched: true, pad: [], device: "cpu", intraOpThreads: 1,
  inputs: [{ port: "x", dtype: "f32", rowShape: [4], batchAxis: 0 }], outputs: [{ port: "y", dtype: "f32", rowShape: [4], batchAxis: 0 }],
};
const bind: ModelBinding = { inputs: [{ port: "x", column: "x" }], constants: [], outputs: [{ port: "y", column: "y" }], carried: ["id"] };

const steps: readonly StepSpec[] = [
  { ...base, id: 0, name: "numbers", kind: "read", source: numbers, columns: [id], args: () => ({ rows: params.rows, splits: 2n }) },
  {
    ...base, id: 1, name: "inputs", kind: "map", input: 0, concurrency: 1, columns: [id, tensor("x")],
    row: (row) => {
      const number = Number(row.id);
      return { id: row.id, x: { dtype: "f32", shape: [4], data: Float32Array.from([number % 7, number % 3, (number % 5) - 2, row.id === params.bad_at ? 5000 : number % 200]) } };
    },
  },
];

const whole: StepSpec = { ...base, id: 2, name: "whole", columns: [id, tensor("y")], kind: "model", input: 1, model, bind };

function cut(ranks: readonly RankSpec[]): readonly StepSpec[] {
  const self = (port: string) => ({ kind: "self", segment: ranks[0].segments.length - 1, port }) as const;
  const first: ModelPart = { call: "two", index: 0, count: 2, receives: ["x"], sends: ["m", "x"], ranks, outputs: [{ value: "m", from: self("m") }, { value: "x", from: { kind: "stage", value: "x" } }] };
  const last: ModelPart = {
    call: "two", index: 1, count: 2, receives: ["m", "x"], sends: ["y"], batchAxes: { m: 0, x: 0 }, outputs: [{ value: "y", from: { kind: "self", segment: 0, port: "y" } }],
    ranks: [{ device: "cpu", segments: [{ file: "models/last.onnx", inputs: ["m", "x"].map((value) => ({ port: value, from: { kind: "stage", value } as const })), outputs: ["y"] }] }],
  };
  return [
    { ...base, id: 2, name: "gang", columns: [id], kind: "modelPart", input: 1, model, bind, part: first },
    { ...base, id: 3, name: "last", columns: [id, tensor("y")], kind: "modelPart", input: 2, model, bind, part: last },
  ];
}

function pipeline(name: string, models: readonly StepSpec[], replicas: number): PipelineSpec {
  const sink: SinkSpec = { id: 0, label: "jsonl", at: here, step: 1 + models.length, kernel: jsonl, args: () => ({}), path: () => `${params.output}/rows.jsonl`, partitionBy: [], partitionsMax: 1 };
  const stages = [{ steps: [0] }, { steps: [1] }, ...models.map((step) => ({ steps: [step.id], replicas }))];
  return buildPipeline({ name, steps: [...steps, ...models], stages, sinks: [sink], errors: { kind: "deadLetter", max: 0.5, path: () => `${params.output}/_errors` } });
}

export default defineProgram({
  name: "gangs",
  sourceFile: "test.pipe",
  doc: "",
  params,
  pipelines: [pipeline("whole", [whole], 1), pipeline("two", cut(gangRanks(2)), 1), pipeline("replicas", cut(gangRanks(2)), 2), pipeline("four", cut(gangRanks(4)), 1)],
});
