/** The schema of rows on an edge: enough to lay columns out as Arrow does and to bound their bytes. */
import type { Dtype } from "./value.ts";

export type ColumnType =
  | { readonly kind: "scalar"; readonly dtype: Exclude<Dtype, "string"> }
  /** With `choices`, one of those. */
  | { readonly kind: "string"; readonly choices?: readonly string[] }
  | { readonly kind: "bytes" }
  /** null: the dimension differs from row to row. */
  | { readonly kind: "tensor"; readonly dtype: Dtype; readonly shape: readonly (number | null)[] }
  | { readonly kind: "list"; readonly element: ColumnType }
  | { readonly kind: "record"; readonly fields: readonly Column[] }
  | { readonly kind: "optional"; readonly inner: ColumnType };

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** The name outside, for sources and sinks. */
  readonly outsideName?: string;
  /** At most so many bytes in one row; a row over it is a row error. */
  readonly bytesMax: number;
  /** Nothing but `row_max` bounds the field: all such fields of a row together take `bytesMax` at most. */
  readonly sharesRowMax?: true;
}
