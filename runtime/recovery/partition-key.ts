/** Rows by the folder they belong in, named as Hive names them: `lang=en/year=2024`. */
import type { Column } from "../contract/column.ts";
import type { SinkSpec } from "../contract/program.ts";
import type { Row, Value } from "../contract/value.ts";

/** Each in row order. */
export function groupByKey(sink: SinkSpec, columns: readonly Column[], rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const names = sink.partitionBy.map((name) => ({ name, outside: columns.find((column) => column.name === name)?.outsideName ?? name }));
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = names.map(({ name, outside }) => `${escapeName(outside)}=${partitionValue(row[name])}`).join("/");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function partitionValue(value: Value): string {
  if (value === null) return "__HIVE_DEFAULT_PARTITION__";
  // The checker admits scalars only.
  if (typeof value === "object") throw new Error("a partition key that is no scalar");
  return escapeName(String(value)) || "__HIVE_DEFAULT_PARTITION__";
}

function escapeName(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]|^\.+$/g, (found) => [...found].map((letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).join(""));
}
