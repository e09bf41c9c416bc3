/** A stage that waits for each of its rows, with one worker at the start and up to four. */
import { defineParams, defineProgram } from "../../../runtime/index.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import { jsonl } from "../../../stdlib/sinks/jsonl/kernel.ts";
import { buildPipeline, here } from "../build-pipeline.ts";
import { numbers } from "./numbers-source.ts";

const params = defineParams({
  rows: { doc: "How many rows", type: { kind: "int", low: 0 }, default: 400n },
  output: { doc: "", type: { kind: "uri" }, default: "elastic.jsonl" },
});

const id: Column = { name: "id", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8 };
const text: Column = { name: "text", type: { kind: "string" }, bytesMax: 100 };
const base = { at: here, resources: [], columns: [id, text] };

/** Long beside what it takes to start a worker. */
const ROW_MS = 25;

const drawn = buildPipeline({
  name: "elastic",
  tickets: 12,
  steps: [
    { ...base, id: 0, name: "numbers", kind: "read", source: numbers, args: () => ({ rows: params.rows, splits: 1n, badEvery: 0n }) },
    {
      ...base, id: 1, name: "wait", kind: "map", input: 0, concurrency: 1,
      row: async (row) => {
        await new Promise((resolve) => setTimeout(resolve, ROW_MS));
        return row;
      },
    },
    { ...base, id: 2, name: "after", kind: "map", input: 1, concurrency: 1, row: (row) => row },
  ],
  stages: [{ steps: [0] }, { steps: [1] }, { steps: [2], replicas: 2 }],
  sinks: [{ id: 0, label: "to file", at: here, step: 2, kernel: jsonl, args: () => ({}), partitionBy: [], partitionsMax: 1, path: () => params.output }],
});

const [source, wait, after] = drawn.stages;
export default defineProgram({
  name: "elastic", sourceFile: "elastic.pipe", doc: "", params,
  pipelines: [{ ...drawn, stages: [source, { ...wait, replicasMin: 1, replicasMax: 4, cores: 0 }, after] }],
});
