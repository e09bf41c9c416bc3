/** Lookup tables: a small source read whole by each worker that uses it. */
import { findRowFault } from "./check-value.ts";
import type { Column } from "./column.ts";
import { jobError } from "./failures.ts";
import type { SourceKernel } from "./kernel.ts";
import type { Resource, ResourceFile } from "./program.ts";
import { resource } from "./resource.ts";
import { valueKey } from "./value-key.ts";
import type { Row, Value } from "./value.ts";

export interface Table<R extends Row = Row> {
  readonly get: (key: Value) => R | null;
  readonly has: (key: Value) => boolean;
}

export type TableStep<R extends Row> =
  | { readonly kind: "map"; readonly row: (row: R) => R | Promise<R> }
  | { readonly kind: "filter"; readonly keep: (row: R) => boolean | Promise<boolean> };

export interface TableSource<R extends Row> {
  readonly source: SourceKernel;
  readonly args: Row;
  readonly columns: readonly Column[];
  readonly steps: readonly TableStep<R>[];
  readonly key: (row: R) => Value;
}

/** The table of the rows that `from` says how to read. */
export function tableResource<R extends Row>(name: string, from: () => TableSource<R>): Resource<Table<R>> {
  return resource(name, () => loadTable(from()), () => filesOf(from()));
}

async function filesOf<R extends Row>({ source, args, columns }: TableSource<R>): Promise<readonly ResourceFile[]> {
  const { splits, close } = await source.open(args, columns);
  await close();
  return splits.map(({ path, digest }) => ({ path, ...(digest === undefined ? {} : { digest }) }));
}

/** Reads the rows and their keys. A bad row, or a key met twice, is a fault of the job: a table has no dead letters. */
export async function loadTable<R extends Row>(from: TableSource<R>): Promise<Table<R>> {
  const rows = new Map<ReturnType<typeof valueKey>, { readonly row: R; readonly place: string }>();
  const source = await from.source.open(from.args, from.columns);
  try {
    for (const [index, split] of source.splits.entries()) {
      for await (const items of source.read(index, 0)) {
        for (const item of items) {
          const place = `${split.path}, ${item.place}`;
          const fault = item.kind === "bad" ? item.reason : findRowFault(from.columns, item.row);
          if (item.kind === "bad" || fault !== undefined) throw jobError("R0147", `${place}: ${fault}`);
          // The rows were just checked against the columns that R stands for.
          const row = await applySteps(from.steps, item.row as R);
          if (row !== undefined) addRow(rows, from.key(row), row, place);
        }
      }
    }
  } finally {
    await source.close();
  }
  return { get: (key) => rows.get(valueKey(key))?.row ?? null, has: (key) => rows.has(valueKey(key)) };
}

async function applySteps<R extends Row>(steps: readonly TableStep<R>[], row: R): Promise<R | undefined> {
  let made = row;
  for (const step of steps) {
    if (step.kind === "map") made = await step.row(made);
    else if (!(await step.keep(made))) return undefined;
  }
  return made;
}

function addRow<R>(rows: Map<ReturnType<typeof valueKey>, { readonly row: R; readonly place: string }>, keyValue: Value, row: R, place: string): void {
  const key = valueKey(keyValue);
  const before = rows.get(key);
  if (before !== undefined) throw jobError("R0148", `two rows have the key ${String(key)}: ${before.place} and ${place}`);
  rows.set(key, { row, place });
}
