/**
 * Digests of the files that decide results, as they are when a run begins: a model or a vocabulary that was replaced since
 * another run stopped would make half of the output. Of large files samples are taken: weights that were trained anew
 * differ all over, and of what people edit the time counts as well.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { open, readFile, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ResourceFile } from "../contract/program.ts";

const BLOCK_BYTES = 256 * 1024;
const BLOCKS_MAX = 64;
const DIGITS = 32;

/** Of the model and the files that its weights lie in: those it names, and those beside it whose names begin with its own. */
export async function digestModel(file: string): Promise<string> {
  const stem = basename(file).replace(/\.[^.]*$/, "");
  const beside = (await readdir(dirname(file)).catch(() => [])).filter((name) => name === basename(file) || name.startsWith(`${basename(file)}.`) || name.startsWith(`${basename(file)}_`) || name === `${stem}.data`);
  const hash = createHash("sha256");
  for (const name of [...new Set([...beside, ...(await weightFiles(file))])].sort()) await addSamples(hash, name, join(dirname(file), name));
  return hash.digest("hex").slice(0, DIGITS);
}

/** Of one file that something is loaded from, or of the several that it stands for. */
export async function digestResource({ path, digest }: ResourceFile): Promise<string> {
  const hash = createHash("sha256");
  if (digest !== undefined) hash.update(digest);
  else if (!(await addSamples(hash, "", path))) hash.update(String((await stat(path)).mtimeMs));
  return hash.digest("hex").slice(0, DIGITS);
}

/** Whether all of the file went in. */
async function addSamples(hash: Hash, name: string, path: string): Promise<boolean> {
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
    return count === blocks;
  } finally {
    await file.close();
  }
}

/** Models whose weights lie elsewhere are small themselves. */
const GRAPH_BYTES_MAX = 64 * 2 ** 20;
/**
 * How ONNX names the file of a tensor's weights: a `StringStringEntryProto` whose key (field 1, 8 bytes) is "location",
 * followed by its value (field 2).
 */
const LOCATION_KEY = Buffer.from("\x0a\x08location\x12", "latin1");

/** Relative to the model's folder, and there. */
async function weightFiles(file: string): Promise<readonly string[]> {
  if ((await stat(file)).size > GRAPH_BYTES_MAX) return [];
  const bytes = await readFile(file);
  const names = new Set<string>();
  for (let at = bytes.indexOf(LOCATION_KEY); at >= 0; at = bytes.indexOf(LOCATION_KEY, at + 1)) {
    const start = at + LOCATION_KEY.length;
    const length = bytes[start];
    // Names of 128 bytes and more have a longer length, which begins with its high bit set.
    const [from, size] = length < 0x80 ? [start + 1, length] : [start + 2, (length & 0x7f) | (bytes[start + 1] << 7)];
    names.add(bytes.toString("utf8", from, from + size));
  }
  const found: string[] = [];
  for (const name of names) if (!name.includes("\0") && (await isFile(join(dirname(file), name)))) found.push(name);
  return found;
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then((found) => found.isFile(), () => false);
}
