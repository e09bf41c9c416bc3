/**
 * Writes `data/pairs.parquet` (columns `id`, `image`, `caption`) from the drawings of the ResNet sample, each as it is and
 * mirrored, small; and `data/tokenizer.json`, a WordPiece tokenizer whose vocabulary is the captions' words and all letters.
 * Both are committed; this runs only when they are to be changed:
 *
 *     node samples/twin-tower/make-data.mjs
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parquetReadObjects } from "hyparquet";
import { parquetWriteFile } from "hyparquet-writer";
import sharp from "sharp";

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

/** In the form that Hugging Face's `tokenizers` reads. */
function tokenizer(texts) {
  const words = [...new Set(texts.flatMap((text) => text.toLowerCase().match(/[a-z]+|[^a-z\s]/g)))].sort();
  const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
  const vocab = [...new Set([...special, ...letters, ...letters.map((letter) => `##${letter}`), ...words])];
  const id = (piece) => vocab.indexOf(piece);
  const mark = (piece) => ({ id: piece, ids: [id(piece)], tokens: [piece] });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((content) => ({ id: id(content), content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "[SEP]", type_id: 0 } }],
      pair: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "[SEP]", type_id: 0 } },
        { Sequence: { id: "B", type_id: 1 } }, { SpecialToken: { id: "[SEP]", type_id: 1 } },
      ],
      special_tokens: { "[CLS]": mark("[CLS]"), "[SEP]": mark("[SEP]") },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab: Object.fromEntries(vocab.map((piece, index) => [piece, index])) },
  };
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
  await writeFile(`${folder}/tokenizer.json`, `${JSON.stringify(tokenizer(Object.values(captions).flat()))}\n`);
}

await main();
