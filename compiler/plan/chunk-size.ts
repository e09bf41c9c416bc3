/** How many rows make a chunk, and how many chunks a group: facts that decide output bytes. */
import { rowBytesMax, rowBytesTypical } from "./columns.ts";
import type { RowFacts } from "./columns.ts";
import type { LoweredPipeline } from "./lowered-program.ts";
import { constantArgument, numberOf, numberSetting, settingFields } from "./settings.ts";

/** What a chunk of rows should take at most on the widest edge: small, so that rows come early and the last ones spread over all workers. */
export const CHUNK_BYTES = 16 * 1024 * 1024;
/** What a chunk may take where every row is as large as the program lets it be. */
const CHUNK_BYTES_WORST = 4 * 1024 * 1024 * 1024;
const CHUNK_ROWS_MAX = 1024;
/** Where a model runs, a row takes milliseconds: a chunk of more rows would only be late. Heavy models take tens of them. */
const MODEL_CHUNK_ROWS = { light: 16, heavy: 8 };
/** Weights from which on a model is heavy: each is used once a row at the least, most many times. */
const HEAVY_WEIGHT_BYTES = 32 * 1024 * 1024;
/** Batches of a chunk whose rows are bucketed by size: fewer leave most buckets with a short batch. */
const BUCKETED_BATCHES = 8;
/** Rows committed together where no checkpoint says otherwise. */
const GROUP_ROWS = 50_000;

/** What a model step says of the rows it wants together. */
export interface ModelRows {
  readonly batch: number;
  readonly weightBytes: number;
  /** Rows are padded, and only those of like size share a batch. */
  readonly isBucketed: boolean;
}

/** A multiple of every batch, near `CHUNK_BYTES` on the widest edge, of few rows where models run. */
export function chunkRowsOf(pipeline: LoweredPipeline, models: readonly ModelRows[], facts: RowFacts): number {
  const unit = models.map(({ batch }) => batch).reduce(leastCommonMultiple, 1);
  const widest = Math.max(1, ...pipeline.steps.map((step) => rowBytesTypical(step.row.fields, facts)));
  const worst = Math.max(1, ...pipeline.steps.map((step) => rowBytesMax(step.row.fields, facts)));
  const rowsMax = models.length === 0 ? CHUNK_ROWS_MAX : Math.min(CHUNK_ROWS_MAX, Math.max(modelChunkRows(models), ...models.map(({ batch, isBucketed }) => (isBucketed ? BUCKETED_BATCHES * batch : batch))));
  const wanted = Math.min(rowsMax, checkpointRows(pipeline) ?? Infinity, Math.floor(CHUNK_BYTES / widest), Math.floor(CHUNK_BYTES_WORST / worst));
  return Math.max(1, Math.floor(wanted / unit)) * unit;
}

function modelChunkRows(models: readonly ModelRows[]): number {
  return models.some(({ weightBytes }) => weightBytes >= HEAVY_WEIGHT_BYTES) ? MODEL_CHUNK_ROWS.heavy : MODEL_CHUNK_ROWS.light;
}

/** What `checkpoint: { every }` says. */
function checkpointRows(pipeline: LoweredPipeline): number | undefined {
  const checkpoint = settingFields(pipeline.settings["checkpoint"]);
  return checkpoint === undefined ? undefined : numberSetting(checkpoint, "every");
}

/** Chunks per commit: at most `checkpoint.every` rows, or about the largest `rows_per_file` (more would leave a small second file). */
export function groupChunksOf(pipeline: LoweredPipeline, chunkRows: number): number {
  const every = checkpointRows(pipeline);
  const perFile = pipeline.writes.map(({ write }) => numberOf(constantArgument(write.args["rows_per_file"])) ?? 0);
  return Math.max(1, Math.floor((every ?? Math.max(GROUP_ROWS, ...perFile)) / chunkRows));
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a / x) * b;
}
