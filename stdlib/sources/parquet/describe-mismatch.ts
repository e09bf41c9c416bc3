/** Whether a Parquet column can be read as a wanted type: widening is fine, narrowing is said before the run. */
import type { SchemaTree } from "hyparquet";
import type { ColumnType } from "../../../runtime/contract/column.ts";
import type { Dtype } from "../../../runtime/contract/value.ts";

/** Why not, or undefined where it can. */
export function describeMismatch(tree: SchemaTree, wanted: ColumnType): string | undefined {
  switch (wanted.kind) {
    case "optional":
      return describeMismatch(tree, wanted.inner);
    case "scalar":
      return readable(tree, DTYPES_HELD_BY, wanted.dtype);
    case "string":
      return isBytes(tree, ["BYTE_ARRAY"]) && !SHAPES.has(physicalName(tree)) ? undefined : `it is ${describeColumn(tree)}, the program wants a string`;
    case "bytes":
      return isBytes(tree, ["BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"]) ? undefined : `it is ${describeColumn(tree)}, the program wants bytes`;
    case "tensor":
      return describeTensorMismatch(tree, wanted.dtype, wanted.shape.length);
    case "list": {
      const element = elementOf(tree);
      return element === undefined ? `it is ${describeColumn(tree)}, the program wants a list` : describeMismatch(element, wanted.element);
    }
    case "record":
      return wanted.fields
        .map((field) => {
          const child = tree.children.find((candidate) => candidate.element.name === (field.outsideName ?? field.name));
          return child === undefined ? `it has no field ${JSON.stringify(field.outsideName ?? field.name)}` : describeMismatch(child, field.type);
        })
        .find((reason) => reason !== undefined);
  }
}

function describeTensorMismatch(tree: SchemaTree, dtype: Dtype, rank: number): string | undefined {
  let inner = tree;
  for (let axis = 0; axis < rank; axis++) {
    const element = elementOf(inner);
    if (element === undefined) return `it is ${describeColumn(tree)}, the program wants lists nested ${rank} deep`;
    inner = element;
  }
  return readable(inner, DTYPES_HELD_BY, dtype);
}

/** The element of a LIST group (three levels, or the older two), or undefined for anything else. */
function elementOf(tree: SchemaTree): SchemaTree | undefined {
  const isList = tree.element.converted_type === "LIST" || tree.element.logical_type?.type === "LIST";
  if (!isList) return undefined;
  const [repeated] = tree.children;
  if (repeated === undefined) return undefined;
  return repeated.children.length === 1 ? repeated.children[0] : repeated;
}

function readable(tree: SchemaTree, held: typeof DTYPES_HELD_BY, wanted: Dtype): string | undefined {
  const dtypes = held[physicalName(tree)] ?? [];
  return dtypes.includes(wanted) ? undefined : `it is ${describeColumn(tree)}, the program wants ${wanted}`;
}

/** The dtypes that hold every value of a physical or converted type. */
const DTYPES_HELD_BY: Readonly<Record<string, readonly Dtype[]>> = {
  BOOLEAN: ["bool"],
  INT_8: ["i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64"],
  INT_16: ["i16", "i32", "i64", "f32", "f64"],
  INT_32: ["i32", "i64", "f64"],
  INT32: ["i32", "i64", "f64"],
  INT_64: ["i64"],
  INT64: ["i64"],
  UINT_8: ["u8", "u16", "u32", "u64", "i16", "i32", "i64", "f16", "f32", "f64"],
  UINT_16: ["u16", "u32", "u64", "i32", "i64", "f32", "f64"],
  UINT_32: ["u32", "u64", "i64", "f64"],
  UINT_64: ["u64"],
  FLOAT16: ["f16", "f32", "f64"],
  FLOAT: ["f32", "f64"],
  DOUBLE: ["f64"],
};

function physicalName(tree: SchemaTree): string {
  const { converted_type, logical_type, type } = tree.element;
  if (logical_type?.type === "FLOAT16") return "FLOAT16";
  if (logical_type?.type === "INTEGER") return `${logical_type.isSigned ? "" : "U"}INT_${logical_type.bitWidth}`;
  return converted_type ?? logical_type?.type ?? type ?? "GROUP";
}

/** Bytes that mean something else, which is what the reader makes of them. */
const NOT_BYTES: ReadonlySet<string> = new Set(["DECIMAL", "FLOAT16", "INTERVAL", "BSON"]);
/** Bytes that are no text. */
const SHAPES: ReadonlySet<string> = new Set(["GEOMETRY", "GEOGRAPHY"]);

function isBytes(tree: SchemaTree, types: readonly string[]): boolean {
  return tree.element.type !== undefined && types.includes(tree.element.type) && !NOT_BYTES.has(physicalName(tree));
}

function describeColumn(tree: SchemaTree): string {
  if (tree.element.type === undefined) return elementOf(tree) === undefined ? "a group" : "a list";
  return physicalName(tree);
}
