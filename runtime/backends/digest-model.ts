/**
 * The digest of a model as it is when a run begins: one that was replaced since another run stopped would make half of the
 * output. Of the graph every byte goes in, of each weight samples: training moves all values of the weights that it
 * moves, but often moves few of them (a new head on an old body). No times: a model that was copied anew is the same.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { dirname, relative } from "node:path";
import { locateWeights } from "./weight-places.ts";
import type { WeightPlace } from "./weight-places.ts";

const SAMPLE_BYTES = 4096;
/** Of each weight: its beginning, its middle and its end. */
const SAMPLES = 3;
const BLOCK_BYTES = 256 * 1024;
const DIGITS = 32;

/** Files of weights that are not there count as such. Throws where the model's cannot be read. */
export function digestModel(file: string): string {
  const { filesBeside, tensors } = locateWeights(file) ?? { filesBeside: [], tensors: [] };
  const hash = createHash("sha256");
  for (const path of [file, ...[...filesBeside].sort()]) {
    hash.update(`${relative(dirname(file), path)}\0`);
    try {
      addFile(hash, path, tensors.filter((tensor) => tensor.file === path), path === file);
    } catch (error) {
      if (path === file) throw error;
    }
  }
  return hash.digest("hex").slice(0, DIGITS);
}

/** What lies between the weights, where that is the graph, and samples of each of them. */
function addFile(hash: Hash, path: string, weights: readonly WeightPlace[], withGraph: boolean): void {
  const fd = openSync(path, "r");
  try {
    const { size } = fstatSync(fd);
    hash.update(`${size}\0`);
    let at = 0;
    for (const { start, end = size } of weights) {
      if (withGraph) addBytes(hash, fd, at, start);
      addSamples(hash, fd, start, Math.min(end, size));
      at = end;
    }
    if (withGraph) addBytes(hash, fd, at, size);
  } finally {
    closeSync(fd);
  }
}

function addSamples(hash: Hash, fd: number, start: number, end: number): void {
  if (end - start <= SAMPLES * SAMPLE_BYTES) return addBytes(hash, fd, start, end);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const at = start + Math.floor(((end - start - SAMPLE_BYTES) * sample) / (SAMPLES - 1));
    addBytes(hash, fd, at, at + SAMPLE_BYTES);
  }
}

function addBytes(hash: Hash, fd: number, start: number, end: number): void {
  const block = new Uint8Array(Math.max(0, Math.min(end - start, BLOCK_BYTES)));
  for (let at = start; at < end; ) {
    const count = readSync(fd, block, 0, Math.min(end - at, block.length), at);
    if (count === 0) return;
    hash.update(block.subarray(0, count));
    at += count;
  }
}
