/** What a run holds in memory beyond what its files and rows say; plans count on it, and so do runs that start workers. */

/** A worker with the buffers it drops late, before its isolate collects them (measured). */
export const workerHeldBytes = 160 * 2 ** 20;

/** Weights as a session of its own holds them: onnxruntime packs them a second time for its kernels. */
export function packedBytes(weightBytes: number): number {
  return weightBytes * 2;
}
