/**
 * Times the stages of a program on its own data, for `pipec bench`: chunk after chunk in this thread, through the steps
 * and kernels that a run uses. What sinks write goes to a folder that the caller throws away; nothing is published.
 *
 * A stage's time is processor time, which what else runs on the machine hardly changes; a model's is that of its calls,
 * which wait for the threads of their session. The first chunk warms up and counts only where there is no other.
 */
import { performance } from "node:perf_hooks";
import { join } from "node:path";
import { onnxBackend } from "../backends/onnx-executor.ts";
import { decodeChunk } from "../channel/chunk-codec.ts";
import type { ChunkMessage } from "../channel/chunk-codec.ts";
import type { Chunk } from "../contract/chunk.ts";
import type { OpenSinkFile } from "../contract/kernel.ts";
import type { MeasureLimits, ModelLengths, PipelineTimes, StageTime } from "../contract/measuring.ts";
import type { PipelineSpec, SinkSpec, StepSpec } from "../contract/program.ts";
import type { Row, Value } from "../contract/value.ts";
import { edgeSchema } from "./edge-schema.ts";
import { openStage, runAllParts } from "./stage-runner.ts";
import type { StageRunner } from "./stage-runner.ts";
import { readTopology } from "./topology.ts";
import type { Topology } from "./topology.ts";

export async function measurePipeline(pipeline: PipelineSpec, limits: MeasureLimits): Promise<PipelineTimes> {
  const topology = readTopology(pipeline);
  const lengths = createLengthCounts(pipeline);
  const stages: StageRunner[] = [];
  const sinks = pipeline.sinks.map((sink) => openSink(pipeline, sink, limits.folder));
  const clocks = [...pipeline.stages, ...pipeline.sinks].map(() => createClock());
  try {
    for (const stage of pipeline.stages) stages.push(await openStage(pipeline, stage, { backend: onnxBackend, isStopped: () => false, observe: lengths.observe }));
    for (const region of topology.regions) await measureRegion({ pipeline, topology, stages, sinks, clocks, limits }, region.id);
  } finally {
    for (const sink of sinks) await sink.close();
    for (const stage of stages) await stage.close();
  }
  const times = [...pipeline.stages.map((stage) => ({ label: stage.label, model: modelOf(pipeline, stage.steps) })), ...pipeline.sinks.map(({ label }) => ({ label, model: undefined }))];
  return {
    pipeline: pipeline.name,
    stages: times.flatMap(({ label, model }, index) => {
      const total = clocks[index]?.total();
      return total === undefined ? [] : [{ label, ...total, ...(model === undefined ? {} : { model }) }];
    }),
    lengths: lengths.counts(),
  };
}

function modelOf(pipeline: PipelineSpec, steps: readonly number[]): StageTime["model"] {
  const step = steps.map((id) => pipeline.steps[id]).find((candidate) => candidate.kind === "model");
  return step?.kind === "model" ? { name: step.model.name, batch: step.model.batch, threads: step.model.intraOpThreads } : undefined;
}

interface Measurement {
  readonly pipeline: PipelineSpec;
  readonly topology: Topology;
  readonly stages: readonly StageRunner[];
  readonly sinks: readonly OpenSink[];
  /** Of the stages, then of the sinks. */
  readonly clocks: readonly Clock[];
  readonly limits: MeasureLimits;
}

async function measureRegion(measurement: Measurement, region: number): Promise<void> {
  const { rowsMax, msMax } = measurement.limits;
  const started = performance.now();
  let rows = 0;
  for (let chunk = 0; rows < rowsMax && (chunk < 2 || performance.now() - started < msMax); chunk++) {
    const read = await measureChunk(measurement, region, chunk);
    if (read === undefined) return;
    rows += read;
  }
}

/** The rows that the source gave, or undefined where it is at its end. */
async function measureChunk({ pipeline, topology, stages, sinks, clocks }: Measurement, region: number, ordinal: number): Promise<number | undefined> {
  const waiting = new Map<number, readonly ChunkMessage[]>();
  let sourceRows: number | undefined;
  for (const node of topology.stages.filter((stage) => stage.region === region)) {
    const stop = startClock();
    const stage = stages[node.id];
    const result = stage === undefined ? undefined : await runAllParts(stage, node.ins.flatMap((edge) => waiting.get(edge) ?? []));
    if (result === undefined) return undefined;
    const rowsIn = result.reports.reduce((sum, report) => sum + report.rowsIn, 0);
    sourceRows ??= rowsIn;
    clocks[node.id]?.add(stop(), sourceRows, rowsIn);
    for (const edge of node.outs) waiting.set(edge, result.messages.filter((message) => message.edge === edge));
    for (const edge of node.ins) waiting.delete(edge);
  }
  for (const id of topology.regions[region]?.sinks ?? []) {
    const edge = pipeline.edges.find((candidate) => candidate.to.kind === "sink" && candidate.to.sink === id);
    const messages = edge === undefined ? undefined : waiting.get(edge.id);
    if (edge === undefined || messages === undefined) throw new Error(`chunk ${ordinal} did not come to sink ${id}`);
    const stop = startClock();
    const schema = edgeSchema(pipeline, edge);
    const rows = messages.flatMap((message) => decodeChunk(schema, message).rows);
    await sinks[id]?.append(rows);
    clocks[pipeline.stages.length + id]?.add(stop(), sourceRows ?? 0, rows.length);
  }
  return sourceRows ?? 0;
}

interface Sample {
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** `process.cpuUsage` counts all threads: of the decoding pool too, which works for the stage that waits. */
function startClock(): () => Sample {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpuMs: (user + system) / 1000, wallMs: performance.now() - wall };
  };
}

interface Clock {
  readonly add: (sample: Sample, sourceRows: number, rows: number) => void;
  readonly total: () => Omit<StageTime, "label" | "model"> | undefined;
}

function createClock(): Clock {
  const samples: (Sample & { readonly sourceRows: number; readonly rows: number })[] = [];
  return {
    add: (sample, sourceRows, rows) => void samples.push({ ...sample, sourceRows, rows }),
    total() {
      const counted = samples.length > 1 ? samples.slice(1) : samples;
      const sum = (key: "cpuMs" | "wallMs" | "sourceRows" | "rows"): number => counted.reduce((total, sample) => total + sample[key], 0);
      return sum("sourceRows") === 0 ? undefined : { sourceRows: sum("sourceRows"), rows: sum("rows"), cpuMs: sum("cpuMs"), wallMs: sum("wallMs") };
    },
  };
}

interface OpenSink {
  readonly append: (rows: readonly Row[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One file, whatever the run would make of it; a sink without files would show its rows and is not measured. */
function openSink(pipeline: PipelineSpec, sink: SinkSpec, folder: string): OpenSink {
  const { extension } = sink.kernel;
  if (extension === undefined) return { append: async () => undefined, close: async () => undefined };
  const columns = (pipeline.steps[sink.step]?.columns ?? []).filter((column) => !sink.partitionBy.includes(column.name));
  let opened: Promise<OpenSinkFile> | undefined;
  return {
    append: async (rows) => {
      opened ??= sink.kernel.open({ file: join(folder, `${pipeline.name}-${sink.id}.${extension}`), columns, args: sink.args() });
      await (await opened).append(rows);
    },
    close: async () => void (await (await opened)?.close()),
  };
}

/** Counts the rows that leave the step before each model whose inputs have named dimensions. */
function createLengthCounts(pipeline: PipelineSpec): { readonly observe: (step: number, chunk: Chunk) => void; readonly counts: () => readonly ModelLengths[] } {
  const watched = pipeline.steps.flatMap((step) => (step.kind === "model" && namesOf(step).length > 0 ? [{ step, found: new Map<string, { readonly dims: Readonly<Record<string, number>>; count: number }>() }] : []));
  return {
    observe(id, chunk) {
      for (const { step, found } of watched) {
        if (step.input !== id) continue;
        for (const row of chunk.rows) {
          const dims = dimsOf(step, row);
          const key = JSON.stringify(dims);
          const known = found.get(key);
          if (known === undefined) found.set(key, { dims, count: 1 });
          else known.count++;
        }
      }
    },
    counts: () => watched.flatMap(({ step, found }) => (found.size === 0 ? [] : [{ model: step.model.name, rows: [...found.values()] }])),
  };
}

type ModelStepSpec = Extract<StepSpec, { readonly kind: "model" }>;

function namesOf(step: ModelStepSpec): readonly string[] {
  return step.model.inputs.flatMap((input) => input.rowShape.filter((dim) => typeof dim === "string"));
}

function dimsOf(step: ModelStepSpec, row: Row): Readonly<Record<string, number>> {
  const dims: Record<string, number> = {};
  for (const { port, column } of step.bind.inputs) {
    const shape = shapeOf(row[column]);
    step.model.inputs.find((input) => input.port === port)?.rowShape.forEach((dim, axis) => {
      const size = shape[axis];
      if (typeof dim === "string" && size !== undefined) dims[dim] = size;
    });
  }
  return dims;
}

function shapeOf(value: Value | undefined): readonly number[] {
  return typeof value === "object" && value !== null && "shape" in value && "data" in value && Array.isArray(value.shape) ? value.shape.filter((size) => typeof size === "number") : [];
}
