/** Types of the language as TypeScript types of the values that rows carry (runtime/contract/value.ts). */
import type { RecordField, ValueType } from "../../language/catalog/value-type.ts";
import { propertyKey } from "./names.ts";

/** Names that must be imported from the runtime: `Tensor` and `Table` are the only ones. */
export type UseType = (name: "Tensor" | "Table") => string;

export function tsType(type: ValueType, use: UseType): string {
  switch (type.kind) {
    case "tensor":
      return type.shape.length > 0 ? use("Tensor") : tsScalar(type.dtype);
    case "string":
      return type.literals === undefined ? "string" : type.literals.map((literal) => JSON.stringify(literal)).join(" | ");
    case "bytes":
      return "Uint8Array";
    case "null":
      return "null";
    case "optional":
      return `${tsType(type.inner, use)} | null`;
    case "list": {
      const element = tsType(type.element, use);
      return `readonly ${/[|{ ]/.test(element) && !element.startsWith("{") ? `(${element})` : element}[]`;
    }
    case "record":
      return tsRecord(type.fields, use);
    case "table":
      return `${use("Table")}<${tsRecord(type.row.fields, use)}>`;
    case "quantity":
      return "number";
    case "range":
      return `{ readonly low: ${tsType(type.element, use)}; readonly high: ${tsType(type.element, use)} }`;
    case "resource":
    case "error":
      throw new Error(`a type of kind ${type.kind} cannot be written out`);
  }
}

export function tsRecord(fields: readonly RecordField[], use: UseType): string {
  if (fields.length === 0) return "Record<never, never>";
  return `{ ${fields.map((field) => `readonly ${propertyKey(field.name)}: ${tsType(field.type, use)}`).join("; ")} }`;
}

function tsScalar(dtype: string): string {
  switch (dtype) {
    case "bool":
      return "boolean";
    case "i64":
    case "u64":
      return "bigint";
    case "string":
      return "string";
    default:
      return "number";
  }
}
