/** Types as the language writes them, for messages and dumps. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { RecordField, ValueType } from "../catalog/value-type.ts";
import type { Dim } from "../tensor/dim.ts";
import { printDim } from "../tensor/print-dim.ts";
import type { Pattern, PatternField, RestPattern } from "./pattern.ts";

const scalarNames: Readonly<Record<string, string>> = { i64: "int", f64: "float" };

/** Marks the names of a signature while a call is matched; never shown. */
export const nameMark = "_.";

/** A dimension as a person would write it. */
export function showDim(dim: Dim): string {
  return printDim(dim).replaceAll(nameMark, "");
}

/** A type, or a parameter's pattern, on one line. Long records are shown by their name where they have one. */
export function printType(type: Pattern | ValueType): string {
  switch (type.kind) {
    case "tensor": {
      const dtype = typeof type.dtype === "string" ? type.dtype : type.dtype.variable;
      if (type.shape.length === 0) return scalarNames[dtype] ?? (dtype === "string" ? "tensor<string>[]" : dtype);
      return `tensor<${dtype}>[${type.shape.map(printPatternDim).join(", ")}]`;
    }
    case "string":
      if (type.literals !== undefined) return type.literals.map((text) => JSON.stringify(text)).join(" | ");
      return type.uri === true ? "uri" : "string";
    case "bytes": return "bytes";
    case "null": return "null";
    case "optional": {
      const inner = printType(type.inner);
      return type.inner.kind === "string" && (type.inner.literals?.length ?? 0) > 1 ? `(${inner})?` : `${inner}?`;
    }
    case "list": return `list<${printType(type.element)}>`;
    case "record": return `{ ${type.fields.map(printField).join(", ")} }`;
    case "table": return `table of ${printType(type.row)} by ${printType(type.key)}`;
    case "resource": return type.name;
    case "quantity": return measureNames[type.measure];
    case "range": return `range of ${printType(type.element)}`;
    case "error": return "unknown";
  }
}

const measureNames = {
  bytes: "a number of bytes", duration: "a duration", frequency: "a frequency", bandwidth: "a bandwidth", ratio: "a percentage",
} as const;

function printField(field: RecordField | PatternField): string {
  return `${field.name}: ${printType(field.type)}`;
}

function printPatternDim(dim: Dim | RestPattern): string {
  return "rest" in dim ? `..${dim.rest}` : showDim(dim);
}

/** A constant as the language writes it; quantities in their base unit. */
export function printConstant(value: ConstantValue): string {
  switch (value.kind) {
    case "null": return "null";
    case "bool": return String(value.value);
    case "int": return String(value.value);
    case "float": return Number.isInteger(value.value) && Math.abs(value.value) < 1e21 ? value.value.toFixed(1) : String(value.value);
    case "string": return JSON.stringify(value.value);
    case "quantity": return value.measure === "ratio" ? `${Number((value.value * 100).toPrecision(12))}%` : `${value.value} ${baseUnits[value.measure]}`;
    case "range": return `${printConstant(value.low)}..${printConstant(value.high)}`;
    case "list": return `[${value.items.map(printConstant).join(", ")}]`;
    case "record": return `{ ${printConstantFields(value.fields)} }`;
    case "call": return `${value.name}(${printConstantFields(value.args)})`;
  }
}

const baseUnits = { bytes: "B", duration: "ms", frequency: "Hz", bandwidth: "bit/s" } as const;

function printConstantFields(fields: Readonly<Record<string, ConstantValue>>): string {
  return Object.entries(fields).map(([name, value]) => `${name}: ${printConstant(value)}`).join(", ");
}
