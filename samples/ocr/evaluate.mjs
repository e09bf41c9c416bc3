/**
 * Compares what the pipeline read (`out/ocr/*.parquet`, columns `path` and `text`) with `truth.jsonl`: prints a line a
 * picture and the character error rate, the edit distance over the number of characters. A picture without a row counts
 * as read wholly wrong. Ends with 1 where the rate is above the bound, or where there is nothing to read.
 *
 *     node samples/ocr/evaluate.mjs [--out FOLDER] [--max PERCENT]
 */
import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";

const home = fileURLToPath(new URL(".", import.meta.url));

/** Levenshtein's distance: insertions, deletions and replacements of one character. */
function editDistance(left, right) {
  const a = [...left];
  const b = [...right];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of a.entries()) {
    const line = [row + 1];
    for (const [column, other] of b.entries()) {
      line.push(Math.min(line[column] + 1, above[column + 1] + 1, above[column] + (letter === other ? 0 : 1)));
    }
    above = line;
  }
  return above[b.length];
}

/** The parquet files of a folder; names with a leading underscore (dead letters, checkpoints) are not its data. */
async function parquetFiles(folder) {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".parquet") && !entry.name.startsWith("_"));
  return names.map((entry) => join(folder, entry.name)).sort();
}

/** File name of the picture -> text. */
async function readTexts(folder) {
  const texts = new Map();
  for (const path of await parquetFiles(folder)) {
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), columns: ["path", "text"], compressors });
    for (const row of rows) texts.set(basename(row.path), row.text);
  }
  return texts;
}

function report(truth, texts) {
  let errors = 0;
  let characters = 0;
  for (const { path, text } of truth) {
    const name = basename(path);
    const read = texts.get(name);
    const distance = read === undefined ? text.length : editDistance(text, read);
    errors += distance;
    characters += text.length;
    console.log(`${name}  ${read ?? "(no row)"}${distance === 0 ? "" : `    [${distance} off: ${text}]`}`);
  }
  return { errors, characters };
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: "string", default: join(home, "out", "ocr") }, max: { type: "string", default: "1" } } });
  const texts = await readTexts(values.out);
  if (texts.size === 0) {
    console.error(`no rows in ${values.out}/*.parquet: run \`npx pipec build && node out.js\` in samples/ocr first`);
    process.exitCode = 1;
    return;
  }
  const lines = (await readFile(join(home, "truth.jsonl"), "utf8")).trimEnd().split("\n");
  const truth = lines.map((line) => JSON.parse(line));
  const { errors, characters } = report(truth, texts);
  const percent = (100 * errors) / characters;
  console.log(`\n${truth.length} pictures, ${characters} characters, ${errors} wrong: character error rate ${percent.toFixed(2)} %`);
  if (percent > Number(values.max)) {
    console.error(`above the bound of ${values.max} %`);
    process.exitCode = 1;
  }
}

await main();
