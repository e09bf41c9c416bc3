/**
 * Digests of model files as they are when a run begins: a model that was replaced since another run stopped would make
 * half of the output. Of large files samples are taken, which says enough: weights that were trained anew differ all over.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const BLOCK_BYTES = 256 * 1024;
const BLOCKS_MAX = 64;

/** Of the model and the files beside it that its weights may lie in: those whose names begin with its own. */
export async function digestModel(file: string): Promise<string> {
  const stem = basename(file).replace(/\.[^.]*$/, "");
  const beside = (await readdir(dirname(file)).catch(() => [])).filter((name) => name === basename(file) || name.startsWith(`${basename(file)}.`) || name.startsWith(`${basename(file)}_`) || name === `${stem}.data`);
  const hash = createHash("sha256");
  for (const name of beside.sort()) await addSamples(hash, name, join(dirname(file), name));
  return hash.digest("hex").slice(0, DIGITS);
}

const DIGITS = 32;

async function addSamples(hash: Hash, name: string, path: string): Promise<void> {
  const { size } = await stat(path);
  hash.update(`${name}\0${size}\0`);
  const file = await open(path, "r");
  try {
    const block = new Uint8Array(BLOCK_BYTES);
    const blocks = Math.ceil(size / BLOCK_BYTES);
    const count = Math.min(blocks, BLOCKS_MAX);
    for (let index = 0; index < count; index++) {
      // Spread from the first to the last.
      const at = count < 2 ? 0 : Math.floor((index * (blocks - 1)) / (count - 1));
      const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, at * BLOCK_BYTES);
      hash.update(block.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
