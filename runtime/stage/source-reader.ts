/**
 * Cuts a source into chunks: runs of `chunkRows` rows of one split (fewer where they are large), bad rows included, so
 * that where a chunk ends depends on nothing but the source and the plan. Reads no further ahead than the source itself does.
 */
import { stat } from "node:fs/promises";
import { fileChanged } from "../contract/failures.ts";
import { bytesOf, findRowFault } from "../contract/check-value.ts";
import type { Chunk } from "../contract/chunk.ts";
import type { OpenSource, SourceItem, Split } from "../contract/kernel.ts";
import type { PipelineSpec, StepSpec } from "../contract/program.ts";
import type { Row } from "../contract/value.ts";
import type { ChunkLog } from "./step-context.ts";

type ReadStep = Extract<StepSpec, { kind: "read" }>;

/** Where chunks end. */
export type ChunkCuts = Pick<PipelineSpec, "chunkRows" | "chunkBytes">;

export interface SourceReader {
  /** The next chunk, or undefined at the end. One call at a time. Bad rows are logged. */
  readonly next: (log: ChunkLog) => Promise<Chunk | undefined>;
  /** Of the bytes of the last chunk's split, about how many are behind the chunk; undefined where the source does not say. */
  readonly bytesBehind: () => number | undefined;
}

/** Told where rows are being read; gives what is told when they are there. */
export type WatchReading = (at: { readonly chunk: number; readonly split: number; readonly firstRow: number }) => () => void;

/** `start`: the next chunk's number, and where in the source it begins. */
export function createSourceReader(step: ReadStep, source: OpenSource, { chunkRows, chunkBytes = Infinity }: ChunkCuts, start = { chunk: 0, split: 0, row: 0 }, watch?: WatchReading): SourceReader {
  let ordinal = start.chunk;
  let { split, row: firstRow } = start;
  let waiting: SourceItem[] = [];
  let items: AsyncIterator<readonly SourceItem[]> | undefined;
  /** Before the first of `waiting`. */
  let bytesBehind: number | undefined;

  const fill = async (): Promise<void> => {
    if (items === undefined) await checkUnchanged(source.splits[split]);
    items ??= source.read(split, firstRow)[Symbol.asyncIterator]();
    while (waiting.length < chunkRows) {
      const ended = watch?.({ chunk: ordinal, split, firstRow: firstRow + waiting.length });
      const more = await items.next();
      ended?.();
      if (more.done === true) return checkUnchanged(source.splits[split]);
      waiting = waiting.length === 0 ? [...more.value] : waiting.concat(more.value);
      bytesBehind ??= shareOf(source.bytesRead?.(), firstRow, waiting.length);
    }
  };

  /** Rows that lie together are taken to be equally long. */
  const pass = (rows: number): void => {
    const read = source.bytesRead?.();
    if (read !== undefined && bytesBehind !== undefined) bytesBehind += ((read - bytesBehind) * rows) / waiting.length;
  };

  return {
    bytesBehind: () => bytesBehind,
    next: async (log) => {
      while (split < source.splits.length) {
        await fill();
        if (waiting.length > 0) {
          const taken = waiting.slice(0, Math.min(chunkRows, rowsWithin(waiting, chunkRows, chunkBytes)));
          pass(taken.length);
          waiting = waiting.slice(taken.length);
          const chunk = makeChunk(step, { ordinal, split, firstRow }, taken, log);
          ordinal++;
          firstRow += taken.length;
          return chunk;
        }
        split++;
        firstRow = 0;
        items = undefined;
        bytesBehind = undefined;
      }
      return undefined;
    },
  };
}

/** Of `bytes` for `rows` rows and as many as lie before them, what those before them take. */
function shareOf(bytes: number | undefined, before: number, rows: number): number | undefined {
  return bytes === undefined ? undefined : (bytes * before) / Math.max(1, before + rows);
}

/** How many of the next rows take no more than `bytesMax` together; at least one. */
function rowsWithin(items: readonly SourceItem[], rowsMax: number, bytesMax: number): number {
  if (bytesMax === Infinity) return rowsMax;
  let bytes = 0;
  const over = items.slice(0, rowsMax).findIndex((item) => {
    if (item.kind === "row") bytes += bytesOf(item.row);
    return bytes > bytesMax;
  });
  return over < 0 ? rowsMax : Math.max(1, over);
}

/** One that is gone says so when it is read. What stands for several files sees to them itself. */
async function checkUnchanged({ path, bytes, modifiedMs, digest }: Split): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (digest !== undefined || found?.isFile() !== true) return;
  if (found.size !== bytes || Math.floor(found.mtimeMs) !== modifiedMs) throw fileChanged(path);
}

function makeChunk(step: ReadStep, id: Chunk["id"], items: readonly SourceItem[], log: ChunkLog): Chunk {
  const rows: Row[] = [];
  const children: number[] = [];
  items.forEach((item, row) => {
    const fault = item.kind === "bad" ? item.reason : findRowFault(step.columns, item.row);
    if (item.kind === "row" && fault === undefined) {
      rows.push(item.row);
      children.push(row);
    } else {
      log.failures.push({ ordinal: id.ordinal, split: id.split, row: id.firstRow + row, place: item.place, step: step.name, at: step.at, message: fault ?? "" });
    }
  });
  return { id, rows, parents: children.map(() => 0), children, levels: [], places: items.map((item) => item.place) };
}
