/**
 * How large values usually are: for times, where a bound would be far off. Exact for types whose shape is fixed; a value
 * that nothing bounds, or bounds only generously, counts as a typical one of its kind. Memory is never taken from here.
 */
import type { RecordField, ValueType } from "../../../language/catalog/value-type.ts";
import type { DimFacts } from "../../../language/check/checked-program.ts";
import { elementsMax } from "../../../language/check/dim-scope.ts";
import { constantOf } from "../../../language/tensor/dim.ts";
import { bytesOfDtype } from "../../../language/tensor/dtype.ts";

/** A photo as JPEG, a paragraph of text, a picture of 512 x 512 in RGB, a list of a few things. */
export const TYPICAL_BLOB_BYTES = 128 * 1024;
export const TYPICAL_TEXT_BYTES = 1024;
export const TYPICAL_TENSOR_BYTES = 512 * 512 * 3;
const TYPICAL_LIST_LENGTH = 16;

export function typicalBytes(type: ValueType, facts: DimFacts): number {
  switch (type.kind) {
    case "tensor":
      return tensorBytes(type, facts);
    case "string":
      return Math.min(type.bytesMax ?? TYPICAL_TEXT_BYTES, TYPICAL_TEXT_BYTES);
    case "bytes":
      return Math.min(type.bytesMax ?? TYPICAL_BLOB_BYTES, TYPICAL_BLOB_BYTES);
    case "optional":
      return typicalBytes(type.inner, facts);
    case "list":
      return Math.min(type.lengthMax ?? TYPICAL_LIST_LENGTH, TYPICAL_LIST_LENGTH) * typicalBytes(type.element, facts);
    case "record":
      return typicalRowBytes(type.fields, facts);
    case "quantity":
    case "null":
      return 8;
    case "table":
    case "resource":
    case "range":
    case "error":
      return 0;
  }
}

export function typicalRowBytes(fields: readonly RecordField[], facts: DimFacts): number {
  return fields.reduce((sum, field) => sum + typicalBytes(field.type, facts), 0);
}

function tensorBytes(type: Extract<ValueType, { kind: "tensor" }>, facts: DimFacts): number {
  if (type.dtype === "string") return TYPICAL_TEXT_BYTES;
  const elements = elementsMax(facts, type.shape);
  if (elements === undefined) return TYPICAL_TENSOR_BYTES;
  const bytes = Number(elements) * bytesOfDtype(type.dtype);
  return type.shape.every((dim) => constantOf(dim) !== undefined) ? bytes : Math.min(bytes, TYPICAL_TENSOR_BYTES);
}
