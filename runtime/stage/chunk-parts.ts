/**
 * A chunk cut into parts, and parts put together again. Each part is a chunk of its own right, with the parents of its
 * rows; a parent whose children are in two parts is in both, one without children in the part after the row before it.
 * Where a chunk is cut depends on its rows and the plan alone.
 */
import { bytesOf } from "../contract/check-value.ts";
import type { Chunk, ParentLevel } from "../contract/chunk.ts";
import type { Row } from "../contract/value.ts";
import type { ChunkCuts } from "./source-reader.ts";

export interface ChunkPart {
  readonly chunk: Chunk;
  readonly isLast: boolean;
}

/** Parts of as many rows as chunks have, fewer where they are large; one at least. No call of a cut model may be open. */
export function* cutParts(chunk: Chunk, cuts: ChunkCuts): Generator<ChunkPart, undefined> {
  if (chunk.batches !== undefined) throw new Error("a chunk is cut while batches are open in it");
  // The last parent that is in a part, by level.
  const highest = chunk.levels.map(() => -1);
  for (let from = 0, isLast = false; !isLast; ) {
    const to = from + rowsOfPart(chunk.rows, from, cuts);
    isLast = to === chunk.rows.length;
    yield { chunk: slicePart(chunk, from, to, isLast, highest), isLast };
    from = to;
  }
}

function rowsOfPart(rows: readonly Row[], from: number, { chunkRows, chunkBytes = Infinity }: ChunkCuts): number {
  const most = Math.min(chunkRows, rows.length - from);
  if (chunkBytes === Infinity) return most;
  let bytes = 0;
  for (let count = 0; count < most; count++) {
    bytes += bytesOf(rows[from + count]);
    if (bytes > chunkBytes) return Math.max(1, count);
  }
  return most;
}

/** Moves `highest` on. */
function slicePart(chunk: Chunk, from: number, to: number, isLast: boolean, highest: number[]): Chunk {
  const isFirst = from === 0;
  const levels: ParentLevel[] = [];
  let parents = chunk.parents.slice(from, to);
  let made: readonly number[] = parents;
  for (let depth = chunk.levels.length - 1; depth >= 0; depth--) {
    const level = chunk.levels[depth];
    const before = highest[depth];
    const low = isFirst ? 0 : parents[0] === before ? before : before + 1;
    const end = isLast ? level.rows.length : parents[parents.length - 1] + 1;
    const rebased = parents.map((parent) => parent - low);
    if (depth === chunk.levels.length - 1) made = rebased;
    else levels[0] = { ...levels[0], parents: rebased };
    parents = level.parents.slice(low, end);
    levels.unshift({ step: level.step, rows: level.rows.slice(low, end), parents, children: level.children.slice(low, end), failed: level.failed.slice(low, end) });
    highest[depth] = end - 1;
  }
  return { id: chunk.id, places: chunk.places, rows: chunk.rows.slice(from, to), parents: made, children: chunk.children.slice(from, to), levels };
}

/** Parts of one chunk, in order, as the chunk they are of: what failed in any of them has failed. */
export function joinParts(parts: readonly Chunk[]): Chunk {
  const [first] = parts;
  if (parts.length === 1) return first;
  if (parts.some(({ batches }) => batches !== undefined)) throw new Error("parts are put together while batches are open in them");
  // What is added to the parents' numbers of each part's rows, level after level.
  let shifts = parts.map(() => 0);
  const levels = first.levels.map(({ step }, depth) => {
    const joined = joinLevels(step, parts.map((part) => part.levels[depth]), shifts);
    shifts = joined.shifts;
    return joined.level;
  });
  return {
    id: first.id,
    places: first.places,
    rows: parts.flatMap(({ rows }) => rows),
    parents: parts.flatMap(({ parents }, part) => parents.map((parent) => parent + shifts[part])),
    children: parts.flatMap(({ children }) => children),
    levels,
  };
}

function joinLevels(step: number, levels: readonly ParentLevel[], outer: readonly number[]): { readonly level: ParentLevel; readonly shifts: number[] } {
  const rows: Row[] = [];
  const [parents, children, failed]: [number[], number[], number[]] = [[], [], []];
  const shifts = levels.map((level, part) => {
    const end = rows.length - 1;
    const isSplit = rows.length > 0 && level.rows.length > 0 && level.parents[0] + outer[part] === parents[end] && level.children[0] === children[end];
    if (isSplit && level.failed[0] === 1) failed[end] = 1;
    const shift = rows.length - (isSplit ? 1 : 0);
    for (let index = isSplit ? 1 : 0; index < level.rows.length; index++) {
      rows.push(level.rows[index]);
      parents.push(level.parents[index] + outer[part]);
      children.push(level.children[index]);
      failed.push(level.failed[index]);
    }
    return shift;
  });
  return { level: { step, rows, parents, children, failed }, shifts };
}
