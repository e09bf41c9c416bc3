/** The operators of a picture pipeline as they are used without an engine: JPEG bytes to a row of a batch. */
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { readdirSync } from "node:fs";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { fillDeferred } from "../../runtime/contract/deferred-tensor.ts";
import { decodeImage } from "../../stdlib/ops/decode_image/kernel.ts";
import { normalize } from "../../stdlib/ops/normalize/kernel.ts";
import { resize } from "../../stdlib/ops/resize/kernel.ts";
import { toTensor } from "../../stdlib/ops/to_tensor/kernel.ts";

export async function readImages(folder: string, rows: number): Promise<readonly Uint8Array[]> {
  const images: Uint8Array[] = [];
  for (const name of readdirSync(folder).sort()) {
    const records = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, name)), columns: ["image"], utf8: false });
    for (const { image } of records) if (image instanceof Uint8Array) images.push(image);
    if (images.length >= rows) break;
  }
  return images.slice(0, rows);
}

export const decodePicture = (bytes: Uint8Array) => decodeImage({ bytes, mode: "RGB", max_pixels: 100_000_000n, at_least: 0n });

export const PICTURE_ELEMENTS = 3 * 224 * 224;
const input = new Float32Array(PICTURE_ELEMENTS);

/** Into the same place each time, as a loop over batches would, if nobody says where. */
export async function preparePicture(bytes: Uint8Array, target = input): Promise<void> {
  const x = resize({ x: await decodePicture(bytes), height: 224n, width: 224n, filter: "bilinear", antialias: true });
  const made = normalize({ x: toTensor({ x, scale: 1 / 255, layout: "CHW" }), mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], axis: 0n });
  if (!fillDeferred(made, target)) throw new Error("no pixels");
}

/** CPU and wall seconds for all items, so many at once. */
export async function timeItems<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<unknown>): Promise<{ readonly cpu: number; readonly wall: number }> {
  const [before, started] = [process.cpuUsage(), performance.now()];
  let next = 0;
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  }));
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - started) / 1000 };
}
