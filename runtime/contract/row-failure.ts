/** A row that could not be computed: what a dead letter says. Plain data that crosses threads. */
import type { Place } from "./program.ts";

export interface RowFailure {
  /** The chunk, then the number of the source row within the chunk: their order is row order. */
  readonly ordinal: number;
  readonly split: number;
  readonly row: number;
  /** What a user looks for in the source: "line 12". */
  readonly place: string;
  readonly step: string;
  readonly at: Place;
  readonly message: string;
}

export function compareFailures(a: RowFailure, b: RowFailure): number {
  return a.ordinal - b.ordinal || a.row - b.row || (a.step < b.step ? -1 : a.step > b.step ? 1 : 0);
}
