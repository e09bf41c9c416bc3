/** Known values as TypeScript expressions, in the form that rows carry values of their type. */
import type { ConstantValue } from "../../language/catalog/constant-value.ts";
import type { ValueType } from "../../language/catalog/value-type.ts";
import type { Dtype } from "../../language/tensor/dtype.ts";
import { propertyKey } from "./names.ts";

/** `stack` is the name under which the runtime's `stack` is imported. */
export function emitConstant(value: ConstantValue, type: ValueType, stack: () => string): string {
  if (type.kind === "optional") return value.kind === "null" ? "null" : emitConstant(value, type.inner, stack);
  switch (value.kind) {
    case "null":
      return "null";
    case "bool":
      return String(value.value);
    case "int":
    case "float":
      return emitNumber(value.value, dtypeOf(type) ?? (value.kind === "int" ? "i64" : "f64"));
    case "string":
      return JSON.stringify(value.value);
    case "quantity":
      return numberText(value.value);
    case "range": {
      const element = type.kind === "range" ? type.element : type;
      return `{ low: ${emitConstant(value.low, element, stack)}, high: ${emitConstant(value.high, element, stack)} }`;
    }
    case "list":
      return emitList(value.items, type, stack);
    case "record": {
      const fields = type.kind === "record" ? new Map(type.fields.map((field) => [field.name, field.type])) : new Map<string, ValueType>();
      const parts = Object.entries(value.fields).map(([name, field]) => `${propertyKey(name)}: ${emitConstant(field, fields.get(name) ?? natural(field), stack)}`);
      return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
    }
    case "call":
      throw new Error(`a setting such as ${value.name}(…) is no value of a row`);
  }
}

/** A constant whose type follows from itself: operators' defaults. */
export function emitPlainConstant(value: ConstantValue, stack: () => string): string {
  return emitConstant(value, natural(value), stack);
}

function natural(value: ConstantValue): ValueType {
  switch (value.kind) {
    case "int":
      return { kind: "tensor", dtype: "i64", shape: [] };
    case "float":
      return { kind: "tensor", dtype: "f64", shape: [] };
    case "list":
      return { kind: "list", element: value.items[0] === undefined ? { kind: "null" } : natural(value.items[0]) };
    default:
      return { kind: "null" };
  }
}

function emitList(items: readonly ConstantValue[], type: ValueType, stack: () => string): string {
  if (type.kind === "tensor") {
    const inner: ValueType = { ...type, shape: type.shape.slice(1) };
    return `${stack()}(${JSON.stringify(type.dtype)}, [${items.map((item) => emitConstant(item, inner, stack)).join(", ")}])`;
  }
  const element = type.kind === "list" ? type.element : undefined;
  return `[${items.map((item) => emitConstant(item, element ?? natural(item), stack)).join(", ")}]`;
}

function dtypeOf(type: ValueType): Dtype | undefined {
  return type.kind === "tensor" ? type.dtype : undefined;
}

function emitNumber(value: bigint | number, dtype: Dtype): string {
  if (dtype === "i64" || dtype === "u64") return `${BigInt(value)}n`;
  if (dtype === "f32") return numberText(Math.fround(Number(value)));
  return numberText(Number(value));
}

/** Digits that read back as the same number; infinities by name. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
