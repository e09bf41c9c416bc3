/**
 * What the operators before the towers of the twin-tower sample take by themselves: CPU seconds per row, printed. Run as
 * a process of its own, with the memory settings that the engine runs under.
 *
 *   node scripts/run-ts.mjs bench/support/preprocess-pairs.ts FOLDER TIMES
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { centerCrop } from "../../stdlib/ops/center_crop/kernel.ts";
import { decodeImage } from "../../stdlib/ops/decode_image/kernel.ts";
import { normalize } from "../../stdlib/ops/normalize/kernel.ts";
import { resize } from "../../stdlib/ops/resize/kernel.ts";
import { toTensor } from "../../stdlib/ops/to_tensor/kernel.ts";
import { tokenize } from "../../stdlib/ops/tokenize/kernel.ts";
import { loadTokenizer } from "../../stdlib/ops/tokenizer/loaded-tokenizer.ts";

const HALVES = [0.5, 0.5, 0.5];

const [folder = "", times = "1"] = process.argv.slice(2);
const tokenizer = loadTokenizer(readFileSync(join(folder, "tokenizer.json"), "utf8"));
const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, "pairs.parquet")), columns: ["image", "caption"], compressors, utf8: false });

async function prepare({ image, caption }: Record<string, unknown>): Promise<void> {
  if (!(image instanceof Uint8Array)) throw new Error("no picture");
  const picture = await decodeImage({ bytes: image, mode: "RGB", max_pixels: 100_000_000n, at_least: 0n });
  const square = centerCrop({ x: resize({ x: picture, shorter: 224n, max_longer: 4096n, filter: "bicubic", antialias: true }), size: 224n });
  const pixels = normalize({ x: toTensor({ x: square, scale: 1 / 255, layout: "CHW" }), mean: HALVES, std: HALVES, axis: 0n });
  const text = caption instanceof Uint8Array ? new TextDecoder().decode(caption) : String(caption);
  const { ids } = await tokenize({ text, tokenizer, max: 64n });
  if (pixels.data.length === 0 || ids.data.length === 0) throw new Error("nothing was made");
}

// The first time warms up.
for (const row of rows) await prepare(row);
const before = process.cpuUsage();
for (let time = 0; time < Number(times); time++) for (const row of rows) await prepare(row);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1e6 / rows.length / Number(times));
