/** Two sources with a sink each: one passes its rows on, the other has a step that takes long to load, or cannot be loaded. */
import { appendFileSync } from "node:fs";
import { defineParams, defineProgram } from "../../../runtime/index.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import type { SinkSpec } from "../../../runtime/contract/program.ts";
import { resource } from "../../../runtime/contract/resource.ts";
import { jsonl } from "../../../stdlib/sinks/jsonl/kernel.ts";
import { buildPipeline, here } from "../build-pipeline.ts";
import { numbers } from "./numbers-source.ts";

const params = defineParams({
  folder: { doc: "Where everything is written", type: { kind: "string" }, default: "." },
  broken: { doc: "What loads slowly cannot be loaded in the end", type: { kind: "bool" }, default: false },
});

const id: Column = { name: "id", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8 };
const text: Column = { name: "text", type: { kind: "string" }, bytesMax: 100 };
const base = { at: here, resources: [], columns: [id, text] };

const LOAD_MS = 1500;

const table = resource("table", async () => {
  await new Promise((resolve) => setTimeout(resolve, LOAD_MS));
  appendFileSync(`${params.folder}/log`, "loaded\n");
  if (params.broken) throw new Error("it is torn");
});

const source = { ...base, name: "numbers", kind: "read", source: numbers, args: () => ({ rows: 40n, splits: 1n, badEvery: 0n, log: `${params.folder}/log` }) } as const;
const sink = { at: here, kernel: jsonl, args: () => ({}), partitionBy: [], partitionsMax: 1 } satisfies Partial<SinkSpec>;

const opening = buildPipeline({
  name: "opening",
  steps: [
    { ...source, id: 0 },
    { ...source, id: 1 },
    { ...base, id: 2, name: "same", kind: "map", input: 0, concurrency: 1, row: (row) => row },
    { ...base, id: 3, name: "slow", kind: "map", input: 1, concurrency: 1, row: (row) => row, resources: [table] },
  ],
  stages: [{ steps: [0] }, { steps: [1] }, { steps: [2] }, { steps: [3] }],
  sinks: [
    { ...sink, id: 0, label: "plain", step: 2, path: () => `${params.folder}/plain` },
    { ...sink, id: 1, label: "late", step: 3, path: () => `${params.folder}/late` },
  ],
});

export default defineProgram({
  name: "opening", sourceFile: "test.pipe", doc: "", params,
  pipelines: [{ ...opening, checkpoint: { at: () => `${params.folder}/state`, everyRows: 12 }, fingerprint: "opening", fingerprintParts: {} }],
});
