/**
 * Digests of the files that resources are loaded from, as they are when a run begins: a vocabulary that was replaced since
 * another run stopped would make half of the output. Of large files samples are taken, and the time, since people edit them.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { open, stat } from "node:fs/promises";
import type { ResourceFile } from "../contract/program.ts";

const BLOCK_BYTES = 256 * 1024;
const BLOCKS_MAX = 64;
const DIGITS = 32;

/** Of one file that something is loaded from, or of the several that it stands for. */
export async function digestResource({ path, digest }: ResourceFile): Promise<string> {
  const hash = createHash("sha256");
  if (digest !== undefined) hash.update(digest);
  else if (!(await addSamples(hash, path))) hash.update(String((await stat(path)).mtimeMs));
  return hash.digest("hex").slice(0, DIGITS);
}

/** Whether all of the file went in. */
async function addSamples(hash: Hash, path: string): Promise<boolean> {
  const { size } = await stat(path);
  hash.update(`${size}\0`);
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
    return count === blocks;
  } finally {
    await file.close();
  }
}
