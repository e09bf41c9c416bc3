/**
 * What the decoder and the operators of a picture pipeline take by themselves. Run as a process of its own, with the
 * memory settings that the engine runs under; prints one JSON line.
 *
 *   node scripts/run-ts.mjs bench/support/preprocess.ts FOLDER ROWS
 */
import { availableParallelism } from "node:os";
import { decodePicture, preparePicture, readImages, timeItems } from "./prepare-picture.ts";

export interface Preprocessing {
  /** CPU seconds per row: decoding, and all that makes the model's input. */
  readonly decodeCpu: number;
  readonly allCpu: number;
  /** Rows per second of all of it in this process, with `lanes` pictures under way. */
  readonly allRate: number;
}

const [folder = "", rows = "96"] = process.argv.slice(2);
const images = await readImages(folder, Number(rows));
const lanes = 2 * availableParallelism();
await timeItems(images.slice(0, 96), lanes, preparePicture);
const decoding = await timeItems(images, lanes, decodePicture);
const all = await timeItems(images, 1, preparePicture);
const together = await timeItems(images, lanes, preparePicture);
const figures: Preprocessing = { decodeCpu: decoding.cpu / images.length, allCpu: all.cpu / images.length, allRate: images.length / together.wall };
console.log(JSON.stringify(figures));
