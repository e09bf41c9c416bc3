/**
 * The three stages of the published comparison (produce, consume, infer), which only sleep: 160 items; producing one
 * takes 10 units on a CPU slot and gives 5 frames of 1 MiB; consuming a frame takes one unit on a CPU slot, inferring
 * one unit on a device slot. Produce and consume share workers, as the compiler puts maps together: 8 of them are the
 * CPU slots, 4 workers the devices. Sleeping keeps no core busy.
 */
import { defineParams, defineProgram } from "../../runtime/index.ts";
import type { Column } from "../../runtime/contract/column.ts";
import type { SinkKernel, SourceKernel } from "../../runtime/contract/kernel.ts";
import type { PipelineSpec, StepSpec } from "../../runtime/contract/program.ts";

export const params = defineParams({
  unit_ms: { doc: "One unit of time", type: { kind: "float" }, default: 50 },
  frame: { doc: "Bytes of a frame", type: { kind: "int" }, default: 1_048_576n },
});

const ITEMS = 160;
const FRAMES = 5;
const [CPU_SLOTS, DEVICE_SLOTS] = [8, 4];
const at = { file: "synthetic.pipe", line: 1, column: 1 };
const base = { at, resources: [] };
const id: Column = { name: "id", type: { kind: "scalar", dtype: "i64" }, bytesMax: 8 };
const image: Column = { name: "image", type: { kind: "bytes" }, bytesMax: 2 ** 20 };
const images: Column = { name: "images", type: { kind: "list", element: { kind: "bytes" } }, bytesMax: FRAMES * 2 ** 20 };

const sleep = (units: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, units * params.unit_ms));
const frame = (): Uint8Array => new Uint8Array(Number(params.frame));

/** The benchmark takes its times from these lines. */
const say = (what: string): void => console.log(`${what} ${Date.now()}`);

const source: SourceKernel = {
  open: async () => ({
    splits: [{ path: "items", bytes: 0, modifiedMs: 0, rows: ITEMS }],
    async *read(_split, firstRow) {
      say("begun");
      for (let row = firstRow; row < ITEMS; row++) yield [{ kind: "row", row: { id: BigInt(row) }, place: `item ${row}` }];
    },
    close: async () => {},
  }),
};

const nothing: SinkKernel = {
  open: async () => ({
    append: async () => say("written"),
    close: async () => ({ bytes: 0 }),
    abort: async () => {},
  }),
};

const steps: readonly StepSpec[] = [
  { ...base, id: 0, name: "items", kind: "read", source, args: () => ({}), columns: [id] },
  {
    ...base, id: 1, name: "produce", kind: "map", input: 0, concurrency: 1, columns: [id, images],
    row: async ({ id: item }) => {
      await sleep(10);
      return { id: item, images: Array.from({ length: FRAMES }, frame) };
    },
  },
  { ...base, id: 2, name: "frames", kind: "explode", input: 1, fields: ({ images: list }) => ({ image: list }), carried: ["id"], childrenMax: FRAMES, columns: [id, image] },
  {
    ...base, id: 3, name: "consume", kind: "map", input: 2, concurrency: 1, columns: [id, image],
    row: async ({ id: item }) => {
      await sleep(1);
      return { id: item, image: frame().fill(1) };
    },
  },
  {
    ...base, id: 4, name: "infer", kind: "map", input: 3, concurrency: 1, columns: [id],
    row: async ({ id: item }) => {
      await sleep(1);
      return { id: item };
    },
  },
];

function pipeline(name: string, isElastic: boolean): PipelineSpec {
  const tickets = 4 * (CPU_SLOTS + DEVICE_SLOTS);
  // As in the baseline: the slots for CPUs are there, workers for devices come as they are needed.
  const devices = isElastic ? { replicas: 1, replicasMin: 1, replicasMax: DEVICE_SLOTS } : { replicas: DEVICE_SLOTS };
  const chunkBytes = FRAMES * 2 ** 21;
  return {
    name, doc: "", chunkRows: 1, groupChunks: ITEMS, errors: { kind: "fail" }, tickets, memoryBoundBytes: 2 ** 34, steps,
    stages: [
      { id: 0, label: "items", at, steps: [0], replicas: 1, ordered: true },
      { id: 1, label: "produce and consume", at, steps: [1, 2, 3], ordered: false, replicas: CPU_SLOTS, cores: 0 },
      { id: 2, label: "infer", at, steps: [4], ordered: false, ...devices, cores: 0 },
    ],
    edges: [
      { id: 0, fromStage: 0, fromStep: 0, to: { kind: "stage", stage: 1 }, queueChunks: CPU_SLOTS, queueBytesMax: 2 ** 20 },
      // Frames come one by one: as many may wait as so many items have.
      { id: 1, fromStage: 1, fromStep: 3, to: { kind: "stage", stage: 2 }, queueChunks: tickets * FRAMES, queueBytesMax: tickets * chunkBytes },
      { id: 2, fromStage: 2, fromStep: 4, to: { kind: "sink", sink: 0 }, queueChunks: tickets, queueBytesMax: 2 ** 20 },
    ],
    sinks: [{ id: 0, label: "nothing", at, step: 4, kernel: nothing, args: () => ({}), partitionBy: [], partitionsMax: 1 }],
  };
}

export default defineProgram({ name: "synthetic", sourceFile: "synthetic.pipe", doc: "", params, pipelines: [pipeline("fixed", false), pipeline("elastic", true)] });
