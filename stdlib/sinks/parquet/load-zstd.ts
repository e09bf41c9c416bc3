/**
 * The zstd compressor. One library on every Node version (newer ones have their own), so that equal rows give
 * equal files everywhere.
 */
import { compress, init } from "@bokuweb/zstd-wasm";

const LEVEL = 3;

/** Once per thread: a second `init` would put fresh memory under the compressor of the first. */
let ready: Promise<void> | undefined;

export async function loadZstd(): Promise<(bytes: Uint8Array) => Uint8Array> {
  ready ??= init();
  await ready;
  return (bytes) => compress(bytes, LEVEL);
}
