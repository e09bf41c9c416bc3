/** The twin-tower sample for benchmarks: its towers, its program with other steps in it, copies of its rows, its vectors. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { makeTowers } from "../../samples/twin-tower/make-models.ts";
import type { TowerScale } from "../../samples/twin-tower/make-models.ts";
import { benchFolder, repository } from "./fixtures.ts";
import type { BuiltProgram } from "./programs.ts";

/** Rows of the sample's data. */
export const ROWS_OF_COPY = 48;

const sample = join(repository, "samples", "twin-tower");

/** A folder with both towers, made at first use. */
export function towers(scale: TowerScale): string {
  const folder = join(benchFolder(), `twin-towers-${scale}`);
  if (!existsSync(join(folder, "albert.onnx"))) makeTowers(folder, scale);
  return folder;
}

export interface TowerProgram {
  /** Folder of the towers. */
  readonly models: string;
  /** Settings of the step that calls both, instead of the sample's `shard` and `batch`; or of a step for each. */
  readonly step: string | { readonly vit: string; readonly albert: string };
  /** Settings of the pipeline, beside the sample's. */
  readonly settings?: string;
}

const SAMPLE_CALLS = `|> { .id, ..vit(.pixels), ..albert(.ids, .mask, .type_ids) } with {
      shard: { pipeline: 3 },
      colocate: true,
      batch: 8,
    }`;

/** Writes rows in their order as JSON, a copy of the sample's rows a file, to `out/rows`. */
export function towerProgram({ models, step, settings = "" }: TowerProgram): string {
  const text = readFileSync(join(sample, "twin-tower.pipe"), "utf8");
  const calls = typeof step === "string" ? `|> { .id, ..vit(.pixels), ..albert(.ids, .mask, .type_ids) } with { colocate: true, ${step} }` : `|> { .id, .ids, .mask, .type_ids, ..vit(.pixels) } with { ${step.vit} }\n    |> { .id, .image, ..albert(.ids, .mask, .type_ids) } with { ${step.albert} }`;
  const parts: readonly (readonly [string, string])[] = [
    [SAMPLE_CALLS, calls],
    ["with { errors", `with { ${settings} errors`],
    ["models/vit", `${models}/vit`],
    ["models/albert", `${models}/albert`],
    ['"out/vectors"', '"out/rows"'],
    ["parquet(output, partition_by: [.collection])", `jsonl(output, rows_per_file: ${ROWS_OF_COPY})`],
    ["edition 1\n", settings.includes("aws.") ? 'edition 1\nimport { aws } from "std/hw"\n' : "edition 1\n"],
    ['"data/tokenizer.json"', JSON.stringify(join(sample, "data", "tokenizer.json"))],
  ];
  return parts.reduce((made, [from, to]) => {
    if (!made.includes(from)) throw new Error(`the sample has no ${from}`);
    return made.replace(from, to);
  }, text);
}

/** So many copies of the sample's rows, as files for `--input`. */
export function copiesOfRows(program: BuiltProgram, count: number): string {
  const folder = join(program.folder, `data-${count}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (let copy = 0; copy < count; copy++) symlinkSync(join(sample, "data", "pairs.parquet"), join(folder, `pairs-${String(copy).padStart(3, "0")}.parquet`));
  return join(folder, "*.parquet");
}

/** Where one copy's pictures are. */
export const picturesOfSample = join(sample, "data");

/** The captions of one copy, in their order. */
export async function captions(): Promise<readonly string[]> {
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(sample, "data", "pairs.parquet")), columns: ["caption"], compressors });
  return rows.map(({ caption }) => String(caption));
}

/** The tokenizer's file, as text. */
export function tokenizerOfSample(): string {
  return readFileSync(join(sample, "data", "tokenizer.json"), "utf8");
}

/** Both embeddings of each row that the program's last run wrote, row by row. */
export function readVectors(program: BuiltProgram): readonly (readonly number[])[] {
  const folder = join(program.folder, "out", "rows");
  const files = readdirSync(folder).filter((name) => name.startsWith("part-")).sort();
  return files.flatMap((name) => readFileSync(join(folder, name), "utf8").trim().split("\n").map(readVector));
}

function readVector(line: string): readonly number[] {
  const row: unknown = JSON.parse(line);
  if (typeof row !== "object" || row === null || !("image" in row) || !("text" in row)) throw new Error("a row has no embeddings");
  return [row.image, row.text].flatMap((vector) => {
    if (!Array.isArray(vector)) throw new Error("an embedding is no list");
    return vector.map(Number);
  });
}

/** Infinity where they are not of the same rows. */
export function largestDifference(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, values, row) => values.reduce((largest, value, at) => Math.max(largest, Math.abs(value - (b[row][at] ?? Infinity))), most), 0);
}
