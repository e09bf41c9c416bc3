/**
 * One of several processes that prepare the same pictures at the same time, and run a model on them where one is named;
 * each round begins at the parent's word.
 *
 *   node scripts/run-ts.mjs bench/support/prepare-worker.ts FOLDER ROWS [MODEL]
 */
import ort from "onnxruntime-node";
import { PICTURE_ELEMENTS, preparePicture, readImages, timeItems } from "./prepare-picture.ts";

const BATCH = 8;

/** Fills a batch, picture by picture, and runs the model on each that is full. */
async function intoModel(file: string): Promise<(bytes: Uint8Array) => Promise<void>> {
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 });
  const batch = new Float32Array(BATCH * PICTURE_ELEMENTS);
  let filled = 0;
  return async (bytes) => {
    await preparePicture(bytes, batch.subarray(filled * PICTURE_ELEMENTS, (filled + 1) * PICTURE_ELEMENTS));
    filled = (filled + 1) % BATCH;
    if (filled === 0) await session.run({ pixels: new ort.Tensor("float32", batch, [BATCH, 3, 224, 224]) });
  };
}

const [folder = "", rows = "96", model] = process.argv.slice(2);
const images = await readImages(folder, Number(rows));
// A batch is filled in one place after the other.
const lanes = model === undefined ? 2 : 1;
const prepare: (bytes: Uint8Array) => Promise<void> = model === undefined ? preparePicture : await intoModel(model);
await timeItems(images, lanes, prepare);
process.on("message", () => void timeItems(images, lanes, prepare).then(({ wall }) => process.send?.(wall)));
process.on("disconnect", () => process.exit());
process.send?.("ready");
