/**
 * Writes `data/pairs.parquet` (columns `id`, `image`, `caption`) from the drawings of the ResNet sample, each as it is and
 * mirrored, small; and `data/tokenizer.json`, a WordPiece tokenizer whose vocabulary is the captions' words and all letters.
 * Both are committed; this runs only when they are to be changed:
 *
 *     node scripts/run-ts.mjs samples/twin-tower/make-data.mjs
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parquetReadObjects } from "hyparquet";
import { parquetWriteFile } from "hyparquet-writer";
import sharp from "sharp";
import { bertTokenizerJson } from "../../stdlib/ops/tokenizer/bert-tokenizer-json.ts";

const folder = fileURLToPath(new URL("data", import.meta.url));
const drawings = new URL("../resnet50/data/photos.parquet", import.meta.url);

const captions = {
  hills: ["green hills under a low sun", "a summer morning over the hills", "four ridges, one behind the other, and nobody on the road"],
  bubbles: ["bubbles rising in dark water", "coloured lights, out of focus", "soap bubbles at night"],
  town: ["a row of houses with lit windows", "the town after dark", "seven houses, some of them still awake, seen from across the river"],
  flower: ["a single flower in the grass", "petals around a yellow heart", "a flower, seen from above"],
  weave: ["bands of colour woven across each other", "a striped cloth", "the pattern of an old blanket, close up"],
};

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** Words and letters, a line each, after BERT's special tokens. */
function vocabulary(texts) {
  const words = [...new Set(texts.flatMap((text) => text.toLowerCase().match(/[a-z]+|[^a-z\s]/g)))].sort();
  const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
  return [...new Set([...special, ...letters, ...letters.map((letter) => `##${letter}`), ...words])].join("\n");
}

async function pairs() {
  const bytes = await readFile(drawings);
  const photos = await parquetReadObjects({ file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), utf8: false });
  const rows = [];
  for (const mirrored of [false, true]) {
    for (const [index, { id, jpeg }] of photos.entries()) {
      const picture = sharp(jpeg).rotate().resize({ width: 128, height: 128, fit: "outside" }).flop(mirrored);
      const image = await picture.jpeg({ quality: 72 }).toBuffer();
      const [theme] = String(id).split("-");
      const texts = captions[theme];
      rows.push({ id: `${mirrored ? "b" : "a"}-${id}`, image: new Uint8Array(image), caption: texts[(index + (mirrored ? 1 : 0)) % texts.length] });
    }
  }
  return rows;
}

async function main() {
  await mkdir(folder, { recursive: true });
  const rows = await pairs();
  await parquetWriteFile({
    filename: `${folder}/pairs.parquet`,
    columnData: [
      { name: "id", data: rows.map((row) => row.id), type: "STRING", nullable: false },
      { name: "image", data: rows.map((row) => row.image), type: "BYTE_ARRAY", nullable: false },
      { name: "caption", data: rows.map((row) => row.caption), type: "STRING", nullable: false },
    ],
    rowGroupSize: 16,
  });
  await writeFile(`${folder}/tokenizer.json`, `${bertTokenizerJson(vocabulary(Object.values(captions).flat()))}\n`);
}

await main();
