/** Chunks for tests of steps. */
import type { Chunk } from "../../runtime/contract/chunk.ts";
import type { StepContext } from "../../runtime/stage/step-context.ts";
import type { Row } from "../../runtime/contract/value.ts";

export function makeChunk(rows: readonly Row[], ordinal = 0): Chunk {
  return {
    id: { ordinal, split: 0, firstRow: ordinal * 100 },
    rows,
    parents: rows.map(() => 0),
    children: rows.map((_, index) => index),
    levels: [],
    places: rows.map((_, index) => `line ${index + 1}`),
  };
}

/** For steps without models; `kept` by explode step. */
export function stepContext(kept: Readonly<Record<number, readonly string[]>> = {}): StepContext {
  return {
    parentFields: (explode) => kept[explode] ?? [],
    openModel: () => Promise.reject(new Error("no model here")),
    openPart: () => Promise.reject(new Error("no model here")),
  };
}
