/** From the types of rows to the columns of edges, with the bytes that one row may take in each. */
import type { RecordField, ValueType } from "../../language/catalog/value-type.ts";
import type { DimFacts } from "../../language/check/checked-program.ts";
import { bytesMaxOf, defaultSizeLimits, hasBytesMax } from "../../language/check/bytes-max.ts";
import type { SizeLimits } from "../../language/check/bytes-max.ts";
import { dimNumber } from "../../language/tensor/dim.ts";
import type { Column, ColumnType } from "../../runtime/contract/column.ts";

/** What bounds the bytes of a pipeline's rows. */
export interface RowFacts {
  readonly dims: DimFacts;
  /** For what neither a type nor the program bounds. */
  readonly limits: SizeLimits;
}

export const noFacts: RowFacts = { dims: { bounds: new Map(), limits: [] }, limits: defaultSizeLimits };

export function columnsOf(fields: readonly RecordField[], facts: RowFacts = noFacts): readonly Column[] {
  return fields.map((field) => {
    const bytesMax = bytesMaxOf(field.type, facts.dims, facts.limits);
    return {
      name: field.name,
      type: columnType(field.type),
      ...(field.outsideName === undefined ? {} : { outsideName: field.outsideName }),
      bytesMax,
      ...(bytesMax < facts.limits.rowBytesMax ? {} : { sharesRowMax: true }),
    };
  });
}

/** The layout of a type on an edge. Types that rows cannot hold are the checker's to refuse. */
export function columnType(type: ValueType): ColumnType {
  switch (type.kind) {
    case "tensor":
      if (type.shape.length === 0) return type.dtype === "string" ? { kind: "string" } : { kind: "scalar", dtype: type.dtype };
      return { kind: "tensor", dtype: type.dtype, shape: type.shape.map((dim) => dimNumber(dim) ?? null) };
    case "string":
      return type.literals === undefined ? { kind: "string" } : { kind: "string", choices: type.literals };
    case "bytes":
      return { kind: "bytes" };
    case "optional":
      return { kind: "optional", inner: columnType(type.inner) };
    case "null":
      return { kind: "optional", inner: { kind: "scalar", dtype: "bool" } };
    case "list":
      return { kind: "list", element: columnType(type.element) };
    case "record":
      return { kind: "record", fields: columnsOf(type.fields) };
    case "quantity":
      return { kind: "scalar", dtype: "f64" };
    case "table":
    case "resource":
    case "range":
    case "error":
      throw new Error(`a row cannot hold a value of kind ${type.kind}`);
  }
}

/**
 * The most bytes of one row. `row_max` bounds the fields that nothing else does together: a row over it is a row
 * error.
 */
export function rowBytesMax(fields: readonly RecordField[], facts: RowFacts): number {
  const sizes = fields.map((field) => bytesMaxOf(field.type, facts.dims, facts.limits));
  const stated = sizes.filter((bytes) => bytes < facts.limits.rowBytesMax).reduce((sum, bytes) => sum + bytes, 0);
  const largest = Math.max(0, ...sizes);
  return largest < facts.limits.rowBytesMax ? stated : stated + largest;
}

/**
 * A row's bytes as chunks are sized by: exact for shapes that are bounded, but an unbounded text or blob counts as a
 * typical one, else no chunk would hold more than one row of them.
 */
export function rowBytesTypical(fields: readonly RecordField[], facts: RowFacts): number {
  const typical = 64 * 1024;
  return fields.reduce((sum, field) => {
    const most = bytesMaxOf(field.type, facts.dims, facts.limits);
    return sum + (hasBytesMax(field.type, facts.dims) ? most : Math.min(most, typical));
  }, 0);
}
