/** Which types of fields a text or Parquet file can hold. */
import type { ValueType } from "../../language/catalog/value-type.ts";

/** Everything but what only lives inside a program (tables, tokenizers, ranges, quantities). */
export function refuseUnreadable(type: ValueType): string | undefined {
  switch (type.kind) {
    case "table":
    case "resource":
    case "range":
    case "quantity":
    case "null":
      return `a ${type.kind} cannot be in a file`;
    case "optional":
      return refuseUnreadable(type.inner);
    case "list":
      return refuseUnreadable(type.element);
    case "record":
      return type.fields.map((field) => refuseUnreadable(field.type)).find((reason) => reason !== undefined);
    case "tensor":
    case "string":
    case "bytes":
    case "error":
      return undefined;
  }
}

/** A CSV cell holds one scalar or one string. */
export function refuseNotACell(type: ValueType): string | undefined {
  const inner = type.kind === "optional" ? type.inner : type;
  if (inner.kind === "string" || inner.kind === "error" || (inner.kind === "tensor" && inner.shape.length === 0)) return undefined;
  return "a CSV cell holds one number, truth value or string; jsonl and parquet hold lists, tensors, bytes and records";
}
