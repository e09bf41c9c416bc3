/**
 * A model as onnxruntime rewrites it for itself, at its extended level. Cut after that and run as it is, the shards give
 * bit for bit what the optimised whole gives; optimised one by one they would be fused differently at the cuts.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type OptimizedModel = { readonly ok: true; readonly path: string; remove(): void } | { readonly ok: false; readonly what: string };

/** Weights from this size on go to a file of their own: a model file ends at 2 GiB. */
const externalBytesMin = 4096;

/** Writes the optimised model to a temporary folder, which `remove` takes away again. */
export async function optimizeModel(path: string): Promise<OptimizedModel> {
  const { InferenceSession } = await import("onnxruntime-node");
  const folder = mkdtempSync(join(tmpdir(), "pipec-optimized-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const written = join(folder, "model.onnx");
  try {
    const session = await InferenceSession.create(path, {
      graphOptimizationLevel: "extended",
      optimizedModelFilePath: written,
      logSeverityLevel: 3,
      extra: { session: { optimized_model_external_initializers_file_name: "model.weights", optimized_model_external_initializers_min_size_in_bytes: String(externalBytesMin) } },
    });
    await session.release();
    return { ok: true, path: written, remove };
  } catch (error) {
    remove();
    return { ok: false, what: error instanceof Error ? error.message : String(error) };
  }
}
