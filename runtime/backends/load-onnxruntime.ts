/**
 * The one place that loads onnxruntime: lazily, since it takes tens of megabytes, and quietly, since its faults reach
 * users as ours, with reasons.
 */
import { declineTelemetry } from "../contract/decline-telemetry.ts";
import { loadFailed } from "../contract/failures.ts";

export type OnnxRuntime = typeof import("onnxruntime-node");

let loading: Promise<OnnxRuntime> | undefined;

export function loadOnnxRuntime(): Promise<OnnxRuntime> {
  return (loading ??= load());
}

async function load(): Promise<OnnxRuntime> {
  // A program's threads have only copies of the environment: for those, its process has said so when it began.
  declineTelemetry();
  const ort = await import("onnxruntime-node").catch((error: unknown) => {
    throw loadFailed("onnxruntime, which runs models,", error);
  });
  // Read when the first session is made; below this, native code writes to stderr what it also throws.
  ort.env.logLevel = "fatal";
  withoutFloat16Array(() => new ort.Tensor("float16", new Uint16Array(1), [1]));
  return ort;
}

/**
 * onnxruntime-common decides when the first tensor is made which array holds f16: where the engine has Float16Array
 * (Node 24 on) it would take that, and rows carry f16 as bits in a Uint16Array everywhere.
 */
function withoutFloat16Array(act: () => void): void {
  const kept = Object.getOwnPropertyDescriptor(globalThis, "Float16Array");
  if (kept === undefined) return act();
  Reflect.deleteProperty(globalThis, "Float16Array");
  try {
    act();
  } finally {
    Object.defineProperty(globalThis, "Float16Array", kept);
  }
}
