/** Whether a computed row is what the schema says: shapes that were only bounded, bytes within their limit. */
import type { Column, ColumnType } from "../contract/column.ts";
import { RowError } from "../contract/kernel.ts";
import { isTensor } from "../contract/tensor.ts";
import type { Row, Value } from "../contract/value.ts";

/** Throws RowError naming the column. */
export function checkRow(row: Row, columns: readonly Column[]): void {
  for (const column of columns) {
    const bytes = checkValue(row[column.name], column.type, column.name);
    if (bytes > column.bytesMax) throw new RowError(`${column.name} takes ${bytes} bytes, more than its bound of ${column.bytesMax}`);
  }
}

/** The bytes of a value that fits its type. */
function checkValue(value: Value | undefined, type: ColumnType, name: string): number {
  if (value === undefined) throw new RowError(`${name} is missing`);
  switch (type.kind) {
    case "optional":
      return value === null ? 0 : checkValue(value, type.inner, name);
    case "scalar":
      return 8;
    case "string":
      if (typeof value !== "string") throw new RowError(`${name} is not a string`);
      return value.length;
    case "bytes":
      if (!(value instanceof Uint8Array)) throw new RowError(`${name} is not bytes`);
      return value.byteLength;
    case "tensor": {
      if (!isTensor(value)) throw new RowError(`${name} is not a tensor`);
      const fits = value.shape.length === type.shape.length && type.shape.every((size, axis) => size === null || size === value.shape[axis]);
      if (!fits) throw new RowError(`${name} has shape [${value.shape.join(", ")}], expected [${type.shape.map((size) => size ?? "_").join(", ")}]`);
      return Array.isArray(value.data) ? value.data.reduce((sum, text) => sum + text.length, 0) : value.data.byteLength;
    }
    case "list":
      if (!Array.isArray(value)) throw new RowError(`${name} is not a list`);
      return value.reduce((sum: number, item: Value) => sum + checkValue(item, type.element, `${name}[]`), 0);
    case "record": {
      if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array || isTensor(value)) throw new RowError(`${name} is not a record`);
      const record: Row = toRecord(value);
      return type.fields.reduce((sum, field) => sum + checkValue(record[field.name], field.type, `${name}.${field.name}`), 0);
    }
  }
}

function toRecord(value: Row | readonly Value[]): Row {
  return Array.isArray(value) ? {} : Object.fromEntries(Object.entries(value));
}
