/**
 * Runs models with onnxruntime, on exactly the device the plan names. `run` blocks its thread, so a model has a worker
 * of its own. What the file offers is compared with what the program was built against before the first row.
 *
 * Inputs may be views of larger buffers; outputs are fresh and own their buffers, so that they can be transferred. To
 * give onnxruntime 1.30 tensors to write into spares nothing: it fills them and then gives copies all the same, no
 * faster, and a size that is not exactly right fails the call. bf16 ports are not supported: onnxruntime's Node binding
 * has no such tensors and says so when the file is loaded.
 */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describeModel } from "../contract/backend.ts";
import type { Backend, ModelSession, SessionPort, SessionSpec } from "../contract/backend.ts";
import { jobError } from "../contract/failures.ts";
import type { JobError } from "../contract/kernel.ts";
import type { Dtype, Tensor } from "../contract/value.ts";
import { parseDevice } from "./device.ts";
import type { Device } from "./device.ts";
import { markFile } from "./file-marks.ts";
import { loadOnnxRuntime } from "./load-onnxruntime.ts";
import type { OnnxRuntime } from "./load-onnxruntime.ts";
import { outlineModel } from "./outline-model.ts";

/** Faults: R0201 device, R0202 file, R0203 ports; each names the model and where the program declares it. */
export const onnxBackend: Backend = {
  async open(model, file) {
    const device = parseDevice(model.device);
    if (markFile(file) === undefined) throw jobError("R0202", `${describeModel(model)}: ${file} does not exist`, "put the file there, or change the model's `file` and build again");
    const ort = await loadOnnxRuntime();
    const session = await createSession(ort, model, file, device);
    try {
      checkPorts(model, file, session);
    } catch (error) {
      await session.release();
      throw error;
    }
    return openSession(ort, model, session);
  },
};

function openSession(ort: OnnxRuntime, model: SessionSpec, session: InferenceSession): ModelSession {
  // A model whose outputs nobody reads still has to run: rows it rejects are bad rows.
  const fetches = model.outputs.length > 0 ? model.outputs.map((output) => output.port) : session.outputNames.slice(0, 1);
  return {
    async run(inputs) {
      const feeds: Record<string, OrtTensor> = {};
      for (const [port, tensor] of inputs) feeds[port] = toOrt(ort, tensor);
      const results = await session.run(feeds, fetches).catch((error: unknown) => {
        throw deviceFault(model, error) ?? error;
      });
      return new Map(model.outputs.map(({ port }) => [port, fromOrt(port, results[port])]));
    },
    close: () => session.release(),
  };
}

async function createSession(ort: OnnxRuntime, model: SessionSpec, file: string, device: Device): Promise<InferenceSession> {
  if (device.provider === "webgpu" && device.index > 0) {
    throw jobError("R0201", `${describeModel(model)} is placed on ${model.device}, but onnxruntime chooses the WebGPU adapter by itself`, "use webgpu:0");
  }
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device.provider === "cpu" || device.provider === "webgpu" ? device.provider : { name: device.provider, deviceId: device.index }],
    intraOpNumThreads: model.intraOpThreads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 4,
  };
  const outline = outlineModel(file);
  const mapped = outline && (await ort.InferenceSession.create(outline.bytes, { ...options, ...settingsOf(model, outline.folder) }).catch(() => undefined));
  if (mapped !== undefined) return mapped;
  try {
    // What fails with weights mapped is tried without, so that a fault is told in the words of the file itself.
    return await ort.InferenceSession.create(file, { ...options, ...settingsOf(model) });
  } catch (error) {
    throw loadFault(ort, model, file, device, reasonOf(error));
  }
}

/**
 * How long a thread of a session spins for the next kernel of a call, since being woken takes longer than many kernels do:
 * sessions of two threads on two cores gain 1 to 15 %. Where there are more threads than cores, no more than this is lost
 * at a time; onnxruntime's own million rounds (some 16 ms) make calls take three times as long there. Nobody spins between
 * calls: those cores are other stages' and ranks'.
 */
const SPIN_US = 20;

/**
 * Prepacking copies weights into the layout a kernel likes best, for each session anew; without it, weights that lie in
 * files beside the model stay where they are mapped, and the sessions of a process share the pages.
 */
function settingsOf({ session, intraOpThreads }: SessionSpec, weightsFolder?: string): InferenceSession.SessionOptions {
  const extra = {
    ...(weightsFolder === undefined ? {} : { model_external_initializers_file_folder_path: weightsFolder }),
    ...(session?.shareWeights === true ? { disable_prepacking: "1" } : {}),
    ...(intraOpThreads > 1 ? { force_spinning_stop: "1", intra_op: { spin_duration_us: String(SPIN_US) } } : {}),
  };
  return {
    ...(session?.optimize === false ? { graphOptimizationLevel: "disabled" } : {}),
    ...(Object.keys(extra).length === 0 ? {} : { extra: { session: extra } }),
  };
}

/** A file that cannot be parsed says so by this prefix, whatever the device; on a device, the rest is the device. */
function loadFault(ort: OnnxRuntime, model: SessionSpec, file: string, device: Device, reason: string): JobError {
  if (device.provider === "cpu" || reason.startsWith("Load model from")) {
    return jobError("R0202", `${describeModel(model)}: onnxruntime cannot load ${file}: ${reason.replace(/^Load model from .*? failed: ?/, "")}`);
  }
  const bundled = ort.listSupportedBackends().filter((backend) => backend.bundled).map((backend) => backend.name);
  return jobError(
    "R0201",
    `${describeModel(model)} is placed on ${model.device}, which onnxruntime cannot start here: ${reason}; it comes with ${bundled.join(", ")}`,
    `install what ${device.provider} needs on this machine, or run with \`--device cpu\``,
  );
}

/** A device that is gone fails every row alike: the run stops, the rows are not to blame. Out of memory is not that. */
function deviceFault(model: SessionSpec, error: unknown): JobError | undefined {
  const reason = reasonOf(error);
  if (/out of memory/i.test(reason) || !/CUDA failure|CUDNN failure|device (is |was )?lost/i.test(reason)) return undefined;
  return jobError("R0206", `${describeModel(model)}: ${model.device} failed: ${reason}`);
}

function checkPorts(model: SessionSpec, file: string, session: InferenceSession): void {
  const inputs = filePorts(session.inputMetadata);
  const fault =
    findPortFault("input", model.inputs, inputs) ??
    findPortFault("output", model.outputs, filePorts(session.outputMetadata)) ??
    findUnfed(model.inputs, inputs);
  if (fault !== undefined) throw jobError("R0203", `${describeModel(model)}: ${file} ${fault}`, "if the file was replaced, build again");
}

/** Completes "The file …". */
function findPortFault(kind: "input" | "output", ports: readonly SessionPort[], found: ReadonlyMap<string, Dtype | undefined>): string | undefined {
  for (const { port, dtype } of ports) {
    if (!found.has(port)) return `has no ${kind} \`${port}\`; its ${kind}s are ${[...found.keys()].map((name) => `\`${name}\``).join(", ")}`;
    const actual = found.get(port);
    if (dtype !== undefined && actual !== dtype) return `has ${actual ?? "another kind of value"} at ${kind} \`${port}\`, the program was built for ${dtype}`;
  }
  return undefined;
}

function findUnfed(inputs: readonly SessionPort[], found: ReadonlyMap<string, Dtype | undefined>): string | undefined {
  const unfed = [...found.keys()].find((name) => !inputs.some((input) => input.port === name));
  return unfed === undefined ? undefined : `wants an input \`${unfed}\`, which the program does not give`;
}

const dtypes: Readonly<Record<string, Dtype>> = {
  float16: "f16", float32: "f32", float64: "f64", int8: "i8", int16: "i16", int32: "i32", int64: "i64",
  uint8: "u8", uint16: "u16", uint32: "u32", uint64: "u64", bool: "bool", string: "string",
};

function filePorts(metadata: readonly InferenceSession.ValueMetadata[]): ReadonlyMap<string, Dtype | undefined> {
  return new Map(metadata.map((port) => [port.name, port.isTensor ? dtypes[port.type] : undefined]));
}

const ortTypes = new Map(Object.entries(dtypes).map(([ort, dtype]) => [dtype, ort]));

function toOrt(ort: OnnxRuntime, tensor: Tensor): OrtTensor {
  const type = ortTypes.get(tensor.dtype);
  if (!isOrtType(type)) throw new Error(`onnxruntime has no tensors of ${tensor.dtype}`);
  return new ort.Tensor(type, tensor.data, tensor.shape);
}

function isOrtType(type: string | undefined): type is OrtTensor.Type {
  return type !== undefined && type in dtypes;
}

function fromOrt(port: string, tensor: OrtTensor | undefined): Tensor {
  const dtype = tensor === undefined ? undefined : dtypes[tensor.type];
  if (tensor === undefined || dtype === undefined) throw new Error(`onnxruntime gave no tensor at ${port}`);
  return { dtype, shape: tensor.dims, data: tensor.data };
}

/** The first line: native code appends where in its sources it was. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0]?.trim() || "no reason given";
}
