/**
 * A program by hand with everything the engine does: a fork, a join of branches of uneven speed, explode and implode, a
 * filter, sinks of all kinds, row errors on demand; once with one worker everywhere and once with several.
 */
import { appendFileSync } from "node:fs";
import { defineParams, defineProgram, RowError } from "../../../runtime/index.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import type { SinkKernel } from "../../../runtime/contract/kernel.ts";
import type { ErrorPolicy, PipelineSpec, SinkSpec, StepSpec } from "../../../runtime/contract/program.ts";
import type { Row } from "../../../runtime/contract/value.ts";
import { console as consoleSink } from "../../../stdlib/sinks/console/kernel.ts";
import { jsonl } from "../../../stdlib/sinks/jsonl/kernel.ts";
import { buildPipeline, here } from "../build-pipeline.ts";
import { numbers } from "./numbers-source.ts";

const params = defineParams({
  rows: { doc: "How many rows", type: { kind: "int", low: 0 }, default: 50n },
  splits: { doc: "", type: { kind: "int", low: 1 }, default: 3n },
  bad_every: { doc: "Every so many rows is bad; 0: none", type: { kind: "int", low: 0 }, default: 0n },
  vanish_at: { doc: "The source cannot read on from this row", type: { kind: "optional", inner: { kind: "int" } } },
  fail_at: { doc: "This row fails in a map", type: { kind: "int" }, default: -1n },
  output: { doc: "", type: { kind: "uri" }, default: "out/numbers" },
  other: { doc: "", type: { kind: "uri" }, default: "out/other.jsonl" },
  missing: { doc: "", type: { kind: "bool" }, default: false },
  bug: { doc: "", type: { kind: "bool" }, default: false },
  log: { doc: "Where the slow pipeline writes down what it reads and writes", type: { kind: "optional", inner: { kind: "string" } } },
});

const id: Column = { name: "id", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8 };
const text: Column = { name: "text", type: { kind: "string" }, bytesMax: 100 };
const parts: Column = { name: "parts", type: { kind: "list", element: { kind: "string" } }, bytesMax: 1000 };
const part: Column = { name: "part", type: { kind: "string" }, bytesMax: 100 };
const joined: Column = { name: "joined", type: { kind: "string" }, bytesMax: 100 };
const pixels: Column = { name: "pixels", type: { kind: "tensor", dtype: "f32", shape: [null] }, bytesMax: 1000 };
const sum: Column = { name: "sum", type: { kind: "scalar", dtype: "f32" }, bytesMax: 4 };
const kind: Column = { name: "kind", type: { kind: "string" }, bytesMax: 10 };
const base = { at: here, resources: [] };

/** Waits longer for some rows than for others, so that chunks overtake each other. */
function unevenly(row: Row): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Number(row.id) % 7));
}

const read: StepSpec = {
  ...base, id: 0, name: "numbers", kind: "read", source: numbers, columns: [id, text],
  args: () => ({ rows: params.rows, splits: params.splits, badEvery: params.bad_every, vanishAt: params.vanish_at, missing: params.missing, log: params.log }),
};

const steps: readonly StepSpec[] = [
  read,
  {
    ...base, id: 1, name: "pictures", kind: "map", input: 0, concurrency: 3, columns: [id, pixels],
    row: async (row) => {
      await unevenly(row);
      if (row.id === params.fail_at) throw new RowError("the picture is torn");
      if (params.bug) process.exit(9);
      return { id: row.id, pixels: { dtype: "f32", shape: [Number(row.id) % 4], data: new Float32Array(Number(row.id) % 4).fill(Number(row.id)) } };
    },
  },
  {
    ...base, id: 2, name: "sums", kind: "map", input: 1, concurrency: 1, columns: [id, sum],
    row: (row) => ({ id: row.id, sum: sumOf(row) }),
  },
  { ...base, id: 3, name: "words", kind: "map", input: 0, concurrency: 1, columns: [id, parts], row: (row) => ({ id: row.id, parts: [...String(row.text)].slice(0, Number(row.id) % 5) }) },
  { ...base, id: 4, name: "letters", kind: "explode", input: 3, fields: (row) => ({ part: row.parts }), carried: ["id"], childrenMax: 10, columns: [id, part] },
  { ...base, id: 5, name: "digits", kind: "filter", input: 4, keep: (row) => row.part !== "n", columns: [id, part] },
  {
    ...base, id: 6, name: "again", kind: "implode", input: 5, carried: ["id"], columns: [id, joined],
    aggregates: [{ name: "joined", of: (row) => row.part, args: () => ({}), kernel: { start: () => "", step: (state, value) => `${state}${value}`, finish: (state) => String(state) } }],
  },
  { ...base, id: 7, name: "both", kind: "zip", inputs: [2, 6], columns: [id, sum, joined] },
  { ...base, id: 8, name: "kinds", kind: "map", input: 7, concurrency: 1, columns: [id, sum, joined, kind], row: (row) => ({ ...row, kind: Number(row.id) % 2 === 0 ? "even" : "odd/äh" }) },
];

function sumOf(row: Row): number {
  const { pixels: values } = row;
  if (typeof values !== "object" || values === null || !("data" in values) || !(values.data instanceof Float32Array)) throw new Error("no pixels");
  return values.data.reduce((total, value) => total + value, 0);
}

const toFolder: SinkSpec = { id: 0, label: "jsonl", at: here, step: 7, kernel: jsonl, args: () => ({}), path: () => params.output, rowsPerFile: 5, partitionBy: [], partitionsMax: 10 };
const toPartitions: SinkSpec = { ...toFolder, id: 1, step: 8, path: () => `${params.output}-by-kind`, partitionBy: ["kind"] };
const toFile: SinkSpec = { id: 2, label: "jsonl file", at: here, step: 8, kernel: jsonl, args: () => ({}), path: () => params.other, partitionBy: [], partitionsMax: 10 };
const toConsole: SinkSpec = { id: 3, label: "console", at: here, step: 8, kernel: consoleSink, args: () => ({ limit: 2n }), partitionBy: [], partitionsMax: 10 };
const sinks = [toFolder, toPartitions, toFile, toConsole];

function branches(name: string, replicas: number, errors: ErrorPolicy): PipelineSpec {
  const stages = [{ steps: [0] }, { steps: [1], replicas }, { steps: [2], replicas }, { steps: [3, 4], replicas }, { steps: [5, 6], replicas }, { steps: [7], replicas }, { steps: [8] }];
  return buildPipeline({ name, steps, stages, sinks, errors });
}

/** Appends slowly, and writes down how many rows it took. */
const slow: SinkKernel = {
  open: async () => ({
    append: async (rows) => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      appendFileSync(String(params.log), rows.map(() => "w\n").join(""));
    },
    close: async () => ({ bytes: 0 }),
    abort: async () => {},
  }),
};

/** The source is far faster than the sink. */
const backPressure = buildPipeline({
  name: "back_pressure",
  tickets: 4,
  steps: [read, { ...base, id: 1, name: "same", kind: "map", input: 0, concurrency: 1, columns: [id, text], row: (row) => row }],
  stages: [{ steps: [0] }, { steps: [1], replicas: 2 }],
  sinks: [{ ...toConsole, id: 0, step: 1, kernel: slow }],
});

const limited = buildPipeline({
  name: "limited",
  steps: [read, { ...base, id: 1, name: "first", kind: "limit", input: 0, rows: () => 10, columns: [id, text] }],
  stages: [{ steps: [0] }, { steps: [1] }],
  sinks: [{ ...toFile, id: 0, step: 1 }],
});

/** A limit behind several workers that run ahead of it, and overtake each other: later chunks are faster. */
function readAhead(name: string, errors: ErrorPolicy): PipelineSpec {
  return buildPipeline({
    name,
    errors,
    steps: [
      read,
      {
        ...base, id: 1, name: "checked", kind: "map", input: 0, concurrency: 4, columns: [id, text],
        row: async (row) => {
          await new Promise((resolve) => setTimeout(resolve, Math.max(0, 40 - Number(row.id))));
          if (Number(row.id) >= Number(params.fail_at)) throw new RowError(`${String(row.id)} is torn`);
          return row;
        },
      },
      { ...base, id: 2, name: "first", kind: "limit", input: 1, rows: () => 10, columns: [id, text] },
    ],
    stages: [{ steps: [0] }, { steps: [1], replicas: 3 }, { steps: [2] }],
    sinks: [{ ...toFile, id: 0, step: 2 }],
  });
}

export default defineProgram({
  name: "branches",
  sourceFile: "test.pipe",
  doc: "",
  params,
  pipelines: [
    branches("one", 1, { kind: "fail" }),
    branches("many", 3, { kind: "fail" }),
    branches("letters", 2, { kind: "deadLetter", max: 0.1, path: () => `${params.output}/_errors` }),
    branches("skipping", 2, { kind: "skip", max: 0.01 }),
    backPressure,
    limited,
    { ...limited, name: "beyond_bound", memoryBoundBytes: 10 },
    readAhead("ahead", { kind: "fail" }),
    readAhead("ahead_letters", { kind: "deadLetter", max: 0.5, path: () => `${params.output}/_errors` }),
  ],
});
