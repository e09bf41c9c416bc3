/**
 * A program by hand whose chunks move in parts: an explode within an explode, stages that take parts of uneven speed, a
 * fork, a join, sinks within the explode and after it, rows that fail in the middle of a chunk; with one worker
 * everywhere, with several, with one ticket, and with parts that end early because their rows are large.
 */
import { defineParams, defineProgram, RowError } from "../../../runtime/index.ts";
import type { Column } from "../../../runtime/contract/column.ts";
import type { ErrorPolicy, PipelineSpec, SinkSpec, StepSpec } from "../../../runtime/contract/program.ts";
import type { AggregateKernel } from "../../../runtime/contract/kernel.ts";
import type { Row } from "../../../runtime/contract/value.ts";
import { jsonl } from "../../../stdlib/sinks/jsonl/kernel.ts";
import { buildPipeline, here } from "../build-pipeline.ts";
import { crash } from "../crash.ts";
import { numbers } from "./numbers-source.ts";

const params = defineParams({
  rows: { doc: "How many rows", type: { kind: "int", low: 0 }, default: 20n },
  large_at: { doc: "This row has 10,000 children", type: { kind: "int" }, default: -1n },
  fail_at: { doc: "The tenth child of this row fails", type: { kind: "int" }, default: -1n },
  crash_at: { doc: "The tenth child of this row ends the process", type: { kind: "int" }, default: -1n },
  output: { doc: "", type: { kind: "uri" }, default: "out" },
});

const CHILDREN_MAX = 10_000;
const id: Column = { name: "id", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8 };
const text: Column = { name: "text", type: { kind: "string" }, bytesMax: 100 };
const items: Column = { name: "items", type: { kind: "list", element: { kind: "string" } }, bytesMax: 2 ** 20 };
const item: Column = { name: "item", type: { kind: "string" }, bytesMax: 100 };
const signs: Column = { name: "signs", type: { kind: "list", element: { kind: "string" } }, bytesMax: 1000 };
const sign: Column = { name: "sign", type: { kind: "string" }, bytesMax: 10 };
const joined: Column = { name: "joined", type: { kind: "string" }, bytesMax: 1000 };
const count: Column = { name: "count", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8 };
const base = { at: here, resources: [] };

const concatenate: AggregateKernel = { start: () => "", step: (state, value) => `${state}${value}`, finish: (state) => String(state) };
const howMany: AggregateKernel = { start: () => 0n, step: (state) => BigInt(String(state)) + 1n, finish: (state) => BigInt(String(state)) };

/** Some chunks, and some parts of them, take longer than others. */
function unevenly(row: Row): Promise<void> | undefined {
  const wait = String(row.item).length % 3;
  return wait === 0 || params.large_at >= 0n ? undefined : new Promise((resolve) => setTimeout(resolve, wait));
}

function itemsOf(row: Row): readonly string[] {
  const length = row.id === params.large_at ? CHILDREN_MAX : row.id === params.fail_at || row.id === params.crash_at ? 14 : Number(row.id) % 7;
  return Array.from({ length }, (_, child) => `${String(row.id)}.${child}`);
}

const steps: readonly StepSpec[] = [
  { ...base, id: 0, name: "numbers", kind: "read", source: numbers, columns: [id, text], args: () => ({ rows: params.rows, splits: 2n, badEvery: 0n, missing: false }) },
  { ...base, id: 1, name: "lists", kind: "map", input: 0, concurrency: 1, columns: [id, items], row: (row) => ({ id: row.id, items: itemsOf(row) }) },
  { ...base, id: 2, name: "each", kind: "explode", input: 1, fields: (row) => ({ item: row.items }), carried: ["id"], childrenMax: CHILDREN_MAX, columns: [id, item] },
  {
    ...base, id: 3, name: "marked", kind: "map", input: 2, concurrency: 2, columns: [id, item],
    row: (row) => {
      if (row.item === `${params.fail_at}.9`) throw new RowError("the item is torn");
      return { id: row.id, item: `${String(row.item)}!` };
    },
  },
  {
    ...base, id: 4, name: "spelled", kind: "map", input: 3, concurrency: 1, columns: [id, item, signs],
    row: async (row) => {
      await unevenly(row);
      if (row.item === `${params.crash_at}.9!`) crash();
      return { ...row, signs: [...String(row.item)].slice(0, String(row.item).length % 5) };
    },
  },
  { ...base, id: 5, name: "signs", kind: "explode", input: 4, fields: (row) => ({ sign: row.signs }), carried: ["id", "item"], childrenMax: 10, columns: [id, item, sign] },
  { ...base, id: 6, name: "same", kind: "map", input: 5, concurrency: 1, columns: [id, item, sign], row: (row) => row },
  { ...base, id: 7, name: "again", kind: "map", input: 6, concurrency: 1, columns: [id, item, sign], row: (row) => row },
  { ...base, id: 8, name: "words", kind: "implode", input: 7, carried: ["id", "item"], columns: [id, item, joined], aggregates: [{ name: "joined", of: (row) => row.sign, args: () => ({}), kernel: concatenate }] },
  { ...base, id: 9, name: "some", kind: "filter", input: 8, keep: (row) => String(row.item).length % 4 !== 0, columns: [id, item, joined] },
  { ...base, id: 10, name: "counts", kind: "implode", input: 9, carried: ["id"], columns: [id, count], aggregates: [{ name: "count", of: (row) => row.joined, args: () => ({}), kernel: howMany }] },
  { ...base, id: 11, name: "texts", kind: "map", input: 0, concurrency: 1, columns: [id, text], row: (row) => row },
  { ...base, id: 12, name: "both", kind: "zip", inputs: [11, 10], columns: [id, text, count] },
];

const sink = (index: number, step: number, name: string): SinkSpec => ({ id: index, label: name, at: here, step, kernel: jsonl, args: () => ({}), path: () => `${params.output}/${name}`, partitionBy: [], partitionsMax: 10 });
const sinks = [sink(0, 4, "spelled"), sink(1, 7, "signs"), sink(2, 9, "words"), sink(3, 12, "both")];

function pipeline(name: string, replicas: number, own: { readonly tickets?: number; readonly errors?: ErrorPolicy } = {}): PipelineSpec {
  const stages = [{ steps: [0] }, { steps: [1, 2, 3], replicas }, { steps: [4], replicas }, { steps: [5, 6], replicas }, { steps: [7], replicas }, { steps: [8, 9], replicas }, { steps: [10], replicas }, { steps: [11], replicas }, { steps: [12] }];
  return buildPipeline({ name, steps, stages, sinks, errors: { kind: "deadLetter", max: 0.5, path: () => `${params.output}/_errors` }, ...own });
}

export default defineProgram({
  name: "parts",
  sourceFile: "test.pipe",
  doc: "",
  params,
  pipelines: [
    pipeline("one", 1),
    pipeline("many", 3),
    pipeline("ticket", 2, { tickets: 1 }),
    { ...pipeline("by_bytes", 2), chunkBytes: 20 },
    pipeline("strict", 3, { errors: { kind: "fail" } }),
  ],
});
