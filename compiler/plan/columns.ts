/** From the types of rows to the columns of edges, with the bytes that one row may take in each. */
import type { RecordField, ValueType } from "../../language/catalog/value-type.ts";
import type { DimFacts } from "../../language/check/checked-program.ts";
import { elementsMax } from "../../language/check/dim-scope.ts";
import { dimNumber } from "../../language/tensor/dim.ts";
import { bytesOfDtype } from "../../language/tensor/dtype.ts";
import type { Column, ColumnType } from "../../runtime/contract/column.ts";

/** Bytes of one value where neither its type nor the program states a limit (the default of `row_max`). */
export const VALUE_BYTES_MAX = 64 * 1024 * 1024;
/** Elements of a list where nothing states a limit. */
const LIST_LENGTH_MAX = 65_536;

const noFacts: DimFacts = { bounds: new Map(), limits: [] };

export function columnsOf(fields: readonly RecordField[], facts: DimFacts = noFacts): readonly Column[] {
  return fields.map((field) => ({
    name: field.name,
    type: columnType(field.type),
    ...(field.outsideName === undefined ? {} : { outsideName: field.outsideName }),
    bytesMax: bytesMaxOf(field.type, facts),
  }));
}

/** The layout of a type on an edge. Types that rows cannot hold are the checker's to refuse. */
export function columnType(type: ValueType): ColumnType {
  switch (type.kind) {
    case "tensor":
      if (type.shape.length === 0) return type.dtype === "string" ? { kind: "string" } : { kind: "scalar", dtype: type.dtype };
      return { kind: "tensor", dtype: type.dtype, shape: type.shape.map((dim) => dimNumber(dim) ?? null) };
    case "string":
      return { kind: "string" };
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

/** The most bytes one value of the type takes; dimensions are bounded by `facts`. Never above 2^53. */
export function bytesMaxOf(type: ValueType, facts: DimFacts): number {
  switch (type.kind) {
    case "tensor": {
      if (type.dtype === "string") return VALUE_BYTES_MAX;
      const elements = elementsMax(facts, type.shape);
      return elements === undefined ? VALUE_BYTES_MAX : capped(Number(elements) * bytesOfDtype(type.dtype));
    }
    case "string":
    case "bytes":
      return capped(type.bytesMax ?? VALUE_BYTES_MAX);
    case "optional":
      return bytesMaxOf(type.inner, facts);
    case "list":
      return capped(Math.min((type.lengthMax ?? LIST_LENGTH_MAX) * bytesMaxOf(type.element, facts), Math.max(VALUE_BYTES_MAX, bytesMaxOf(type.element, facts))));
    case "record":
      return capped(type.fields.reduce((sum, field) => sum + bytesMaxOf(field.type, facts), 0));
    case "quantity":
      return 8;
    case "null":
      return 1;
    case "table":
    case "resource":
    case "range":
    case "error":
      return 0;
  }
}

function capped(bytes: number): number {
  return Math.min(bytes, Number.MAX_SAFE_INTEGER);
}

/** The most bytes of one row. */
export function rowBytesMax(fields: readonly RecordField[], facts: DimFacts): number {
  return fields.reduce((sum, field) => sum + bytesMaxOf(field.type, facts), 0);
}

/**
 * A row's bytes as chunks are sized by: exact for shapes that are bounded, but an unbounded text or blob counts as a
 * typical one, else no chunk would hold more than one row of them.
 */
export function rowBytesTypical(fields: readonly RecordField[], facts: DimFacts): number {
  const typical = 256 * 1024;
  return fields.reduce((sum, field) => {
    const most = bytesMaxOf(field.type, facts);
    return sum + (most >= VALUE_BYTES_MAX ? typical : most);
  }, 0);
}
