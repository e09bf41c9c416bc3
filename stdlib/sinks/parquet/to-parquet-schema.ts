/** Parquet's flattened schema for columns: lists in the standard three levels, a tensor as one list per axis. */
import type { SchemaElement } from "hyparquet";
import type { Column, ColumnType } from "../../../runtime/contract/column.ts";
import type { Dtype } from "../../../runtime/contract/value.ts";

export function toParquetSchema(columns: readonly Column[]): readonly SchemaElement[] {
  return [{ name: "root", num_children: columns.length }, ...columns.flatMap(fieldElements)];
}

function fieldElements(column: Column): readonly SchemaElement[] {
  return typeElements(column.outsideName ?? column.name, column.type, "REQUIRED");
}

type Repetition = "REQUIRED" | "OPTIONAL";

function typeElements(name: string, type: ColumnType, repetition_type: Repetition): readonly SchemaElement[] {
  switch (type.kind) {
    case "optional":
      return typeElements(name, type.inner, "OPTIONAL");
    case "scalar":
      return [{ name, repetition_type, ...LEAVES[type.dtype] }];
    case "string":
      return [{ name, repetition_type, ...LEAVES.string }];
    case "bytes":
      return [{ name, repetition_type, type: "BYTE_ARRAY" }];
    case "list":
      return listElements(name, repetition_type, typeElements("element", type.element, "REQUIRED"));
    case "tensor":
      return tensorElements(name, repetition_type, type.dtype, type.shape.length);
    case "record":
      return [{ name, repetition_type, num_children: type.fields.length }, ...type.fields.flatMap(fieldElements)];
  }
}

function listElements(name: string, repetition_type: Repetition, element: readonly SchemaElement[]): readonly SchemaElement[] {
  return [
    { name, repetition_type, num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    ...element,
  ];
}

function tensorElements(name: string, repetition_type: Repetition, dtype: Dtype, rank: number): readonly SchemaElement[] {
  if (rank === 0) return [{ name, repetition_type, ...LEAVES[dtype] }];
  return listElements(name, repetition_type, tensorElements("element", "REQUIRED", dtype, rank - 1));
}

/**
 * Integers have their converted type only, which every reader knows: the logical one beside it is written with a width
 * of the wrong Thrift type (hyparquet-writer 0.17), and others then refuse the whole file.
 */
const LEAVES: Record<Dtype, Omit<SchemaElement, "name">> = {
  bool: { type: "BOOLEAN" },
  i8: { type: "INT32", converted_type: "INT_8" },
  i16: { type: "INT32", converted_type: "INT_16" },
  i32: { type: "INT32" },
  i64: { type: "INT64" },
  u8: { type: "INT32", converted_type: "UINT_8" },
  u16: { type: "INT32", converted_type: "UINT_16" },
  u32: { type: "INT32", converted_type: "UINT_32" },
  u64: { type: "INT64", converted_type: "UINT_64" },
  f16: { type: "FIXED_LEN_BYTE_ARRAY", type_length: 2, logical_type: { type: "FLOAT16" } },
  // Parquet has no bfloat16; f32 holds each of its values.
  bf16: { type: "FLOAT" },
  f32: { type: "FLOAT" },
  f64: { type: "DOUBLE" },
  string: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
};
