/**
 * What the decoder and the operators of a picture pipeline take by themselves. Run as a process of its own, with the
 * memory settings that the engine runs under; prints one JSON line.
 *
 *   node scripts/run-ts.mjs bench/support/preprocess.ts FOLDER ROWS LANES
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { readdirSync } from "node:fs";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { decodeImage } from "../../stdlib/ops/decode_image/kernel.ts";
import { normalize } from "../../stdlib/ops/normalize/kernel.ts";
import { resize } from "../../stdlib/ops/resize/kernel.ts";
import { toTensor } from "../../stdlib/ops/to_tensor/kernel.ts";

export interface Preprocessing {
  /** CPU seconds per row: decoding, and all that makes the model's input. */
  readonly decodeCpu: number;
  readonly allCpu: number;
  /** Rows per second of decoding with all cores busy. */
  readonly decodeRate: number;
  /** Rows per second of all of it in this process, with `lanes` pictures under way. */
  readonly allRate: number;
}

async function readImages(folder: string, rows: number): Promise<readonly Uint8Array[]> {
  const images: Uint8Array[] = [];
  for (const name of readdirSync(folder).sort()) {
    const records = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, name)), columns: ["image"], utf8: false });
    for (const { image } of records) if (image instanceof Uint8Array) images.push(image);
    if (images.length >= rows) break;
  }
  return images.slice(0, rows);
}

const decode = (bytes: Uint8Array) => decodeImage({ bytes, mode: "RGB", max_pixels: 100_000_000n, at_least: 0n });

async function prepare(bytes: Uint8Array): Promise<void> {
  const x = resize({ x: await decode(bytes), height: 224n, width: 224n, filter: "bilinear", antialias: true });
  const made = normalize({ x: toTensor({ x, scale: 1 / 255, layout: "CHW" }), mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], axis: 0n });
  if (made.data.length === 0) throw new Error("no pixels");
}

/** CPU and wall seconds for all items, so many at once. */
async function time<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<unknown>): Promise<{ readonly cpu: number; readonly wall: number }> {
  const [before, started] = [process.cpuUsage(), performance.now()];
  let next = 0;
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  }));
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - started) / 1000 };
}

const [folder = "", rows = "96"] = process.argv.slice(2);
const images = await readImages(folder, Number(rows));
const lanes = 2 * availableParallelism();
await time(images.slice(0, 16), lanes, prepare);
const decoding = await time(images, lanes, decode);
const all = await time(images, 1, prepare);
const together = await time(images, lanes, prepare);
const figures: Preprocessing = { decodeCpu: decoding.cpu / images.length, allCpu: all.cpu / images.length, decodeRate: images.length / decoding.wall, allRate: images.length / together.wall };
console.log(JSON.stringify(figures));
