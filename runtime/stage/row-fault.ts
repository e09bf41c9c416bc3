/** A row that could not be computed: what happened, where in the program, and which row of which input. */
import type { Place } from "../contract/program.ts";
import { RowError } from "../contract/kernel.ts";
import type { RowBatch, RowId } from "../channel/row-batch.ts";

export interface RowFault {
  readonly sequence: number;
  readonly split: number;
  readonly row: number;
  /** Child numbers, where explodes are open. */
  readonly children: readonly number[];
  /** As the source says it: "line 12". */
  readonly place: string;
  readonly step: string;
  readonly at: Place;
  readonly message: string;
}

/** What may go wrong with one row only; anything else that is thrown goes on up. */
export function describeRowFault(batch: RowBatch, id: RowId, step: { readonly name: string; readonly at: Place }, error: unknown): RowFault {
  return {
    sequence: batch.chunk.sequence,
    split: batch.chunk.split,
    row: batch.chunk.firstRow + id[0],
    children: id.slice(1),
    place: batch.places[id[0]] ?? `row ${batch.chunk.firstRow + id[0]}`,
    step: step.name,
    at: step.at,
    message: error instanceof RowError ? error.message : messageOf(error),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
