/**
 * Times a model on this machine's cores: a session of its own with so many threads, inputs of one batch, the best of
 * a few runs (what else runs on the machine only ever makes a run longer). Integer inputs are ones (ids and masks that every model takes), others lie between 0 and 1.
 */
import type { InferenceSession, Tensor } from "onnxruntime-node";

export interface ModelProbe {
  readonly file: string;
  readonly threads: number;
  readonly inputs: readonly ProbeInput[];
}

export interface ProbeInput {
  readonly port: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

const WARM_UPS = 1;
const RUNS_MIN = 4;
const MEASURE_MS = 800;

/** Milliseconds of one batch. Throws what onnxruntime throws. */
export async function measureModel(probe: ModelProbe): Promise<number> {
  const ort = await import("onnxruntime-node");
  const session = await ort.InferenceSession.create(probe.file, { executionProviders: ["cpu"], intraOpNumThreads: probe.threads, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 4 });
  try {
    const feeds = Object.fromEntries(probe.inputs.map((input) => [input.port, createTensor(ort.Tensor, input)]));
    return await bestRun(session, feeds);
  } finally {
    await session.release();
  }
}

async function bestRun(session: InferenceSession, feeds: Readonly<Record<string, Tensor>>): Promise<number> {
  for (let i = 0; i < WARM_UPS; i++) await session.run(feeds);
  const times: number[] = [];
  for (let total = 0; times.length < RUNS_MIN || total < MEASURE_MS; total += times.at(-1) ?? 0) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}

function createTensor(TensorOf: typeof Tensor, { dtype, shape }: ProbeInput): Tensor {
  const length = shape.reduce((product, dim) => product * dim, 1);
  switch (dtype) {
    case "i64":
      return new TensorOf("int64", new BigInt64Array(length).fill(1n), shape);
    case "i32":
      return new TensorOf("int32", new Int32Array(length).fill(1), shape);
    case "u8":
      return new TensorOf("uint8", new Uint8Array(length).fill(1), shape);
    case "i8":
      return new TensorOf("int8", new Int8Array(length).fill(1), shape);
    case "bool":
      return new TensorOf("bool", new Uint8Array(length).fill(1), shape);
    case "f64":
      return new TensorOf("float64", Float64Array.from({ length }, fraction), shape);
    case "f16":
      // Bit patterns of numbers from 0.5 to 1.
      return new TensorOf("float16", Uint16Array.from({ length }, (_, index) => 0x3800 + (index % 0x400)), shape);
    case "f32":
      return new TensorOf("float32", Float32Array.from({ length }, fraction), shape);
    default:
      throw new Error(`inputs of type ${dtype} cannot be made up`);
  }
}

/** Some number from 0 to 1 by its index: a multiple of the golden ratio. */
function fraction(_: unknown, index: number): number {
  return (index * 0.618_033_988_75) % 1;
}
