/**
 * Whether a value is what a column may hold. The checker proves types of expressions; values that come from outside
 * (sources, functions in TypeScript) and sizes that types only bound are checked here, row by row.
 */
import { roundFloat } from "./cast.ts";
import type { Column, ColumnType } from "./column.ts";
import { lengthOf } from "./deferred-tensor.ts";
import { findTensorFault, fitsDtype } from "./foreign-value.ts";
import { RowError } from "./kernel.ts";
import { elementCount, isTensor } from "./tensor.ts";
import type { Dtype, Row, Value } from "./value.ts";

/** Bytes that a value takes on an edge: what `bytesMax` bounds. */
export function bytesOf(value: Value): number {
  switch (typeof value) {
    case "string":
      return Buffer.byteLength(value);
    case "boolean":
      return 1;
    case "number":
    case "bigint":
      return 8;
    case "object":
      return value === null ? 0 : bytesOfObject(value);
  }
}

function bytesOfObject(value: Exclude<Value, null | string | number | boolean | bigint>): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (isList(value)) return value.reduce((sum: number, item) => sum + bytesOf(item), 0);
  if (!isTensor(value)) return Object.values(value).reduce((sum: number, field) => sum + bytesOf(field), 0);
  // So that one whose elements are not made yet stays so.
  if (value.dtype === "f32") return lengthOf(value) * 4;
  return "byteLength" in value.data ? value.data.byteLength : value.data.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

/** What is wrong with a row, or undefined. Fields that are no columns are not looked at. */
export function findRowFault(columns: readonly Column[], row: Row): string | undefined {
  let sharedBytes = 0;
  let sharedMax = Infinity;
  for (const column of columns) {
    const value = row[column.name];
    const fault = findFault(column.type, value);
    if (fault !== undefined) return `field \`${column.name}\` ${fault}`;
    if (isSmall(value)) continue;
    const bytes = bytesOf(value);
    if (bytes > column.bytesMax) return `field \`${column.name}\` takes ${bytes} bytes, at most ${column.bytesMax} are allowed${adviceFor(column.type)}`;
    if (column.sharesRowMax !== true) continue;
    sharedBytes += bytes;
    sharedMax = sharedMax === Infinity ? column.bytesMax : Math.max(sharedMax, column.bytesMax);
  }
  if (sharedBytes <= sharedMax) return undefined;
  const names = columns.filter((column) => column.sharesRowMax === true).map((column) => `\`${column.name}\``);
  return `fields ${names.join(", ")} take ${sharedBytes} bytes together, at most ${sharedMax} are allowed; the pipeline's setting \`row_max\` raises the default`;
}

/** Text and blobs that no type bounds are bounded by a setting of the pipeline. */
function adviceFor(type: ColumnType): string {
  const inner = type.kind === "optional" ? type.inner : type;
  if (inner.kind === "string") return "; the pipeline's setting `text_max` raises the default";
  return inner.kind === "bytes" ? "; the pipeline's setting `row_max` raises the default" : "";
}

function isSmall(value: Value): boolean {
  return value === null || typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
}

/** Completes "field `x` …". `undefined` stands for a field that is not there. `isForeign`: not from operators of ours. */
export function findFault(type: ColumnType, value: Value | undefined, isForeign = false): string | undefined {
  if (value === undefined) return "is missing";
  if (type.kind === "optional") return value === null ? undefined : findFault(type.inner, value, isForeign);
  if (value === null) return `is null, but its type ${printColumnType(type)} is not optional`;
  const fits = fitsType(type, value, isForeign);
  if (fits === true) return undefined;
  return fits === false ? `is ${describeValue(value)}, but its type is ${printColumnType(type)}` : fits;
}

/** True, false, or what is wrong inside. */
function fitsType(type: Exclude<ColumnType, { kind: "optional" }>, value: Exclude<Value, null>, isForeign: boolean): boolean | string {
  switch (type.kind) {
    case "scalar":
      if (typeof value !== scalarKind(type.dtype)) return false;
      return isForeign && (typeof value === "number" || typeof value === "bigint") ? fitsDtype(type.dtype, value) : true;
    case "string":
      return typeof value === "string" && (type.choices === undefined || type.choices.includes(value) || `is ${describeValue(value)}, but it must be one of ${type.choices.map((choice) => JSON.stringify(choice)).join(", ")}`);
    case "bytes":
      return value instanceof Uint8Array;
    case "tensor":
      if (typeof value !== "object" || !isTensor(value)) return false;
      return (isForeign ? findTensorFault(type.dtype, value) : undefined) ?? fitsTensor(type, value);
    case "list": {
      if (!isList(value)) return false;
      const faults = value.map((item) => findFault(type.element, item, isForeign));
      const at = faults.findIndex((fault) => fault !== undefined);
      return at < 0 ? true : `at [${at}] ${faults[at]}`;
    }
    case "record": {
      if (typeof value !== "object" || isList(value) || value instanceof Uint8Array || isTensor(value)) return false;
      const bad = type.fields.map((field) => ({ field, fault: findFault(field.type, value[field.name], isForeign) })).find((found) => found.fault !== undefined);
      return bad === undefined ? true : `at .${bad.field.name} ${bad.fault}`;
    }
  }
}

function fitsTensor(type: Extract<ColumnType, { kind: "tensor" }>, value: Extract<Value, { dtype: Dtype }>): boolean | string {
  if (type.dtype !== value.dtype || type.shape.length !== value.shape.length) return false;
  if (!type.shape.every((size, axis) => size === null || size === value.shape[axis])) return false;
  const elements = elementCount(value.shape);
  const length = lengthOf(value);
  return length === elements ? true : `has ${length} elements, its shape [${value.shape.join(", ")}] means ${elements}`;
}

function scalarKind(dtype: Dtype): "boolean" | "bigint" | "number" {
  return dtype === "bool" ? "boolean" : dtype === "i64" || dtype === "u64" ? "bigint" : "number";
}

/**
 * A value from a function in TypeScript, made to fit: numbers become the wanted precision, whole numbers bigints,
 * undefined null. Throws RowError where it does not fit; `what` names the function.
 */
export function conform(type: ColumnType, value: Value | undefined, what: string): Value {
  const made = convert(type, value ?? null);
  const fault = findFault(type, made, true);
  if (fault !== undefined) throw new RowError(`the result of ${what} ${fault}`);
  return made;
}

function convert(type: ColumnType, value: Value): Value {
  switch (type.kind) {
    case "optional":
      return value === null ? null : convert(type.inner, value);
    case "scalar":
      if (typeof value !== "number") return value;
      if (type.dtype === "i64" || type.dtype === "u64") return Number.isSafeInteger(value) ? BigInt(value) : value;
      return roundUnlessInfinite(value, type.dtype);
    case "list":
      // `from`, since `map` would leave out holes.
      return isList(value) ? Array.from(value, (item: Value | undefined) => convert(type.element, item ?? null)) : value;
    case "record":
      if (typeof value !== "object" || value === null || isList(value) || value instanceof Uint8Array || isTensor(value)) return value;
      return Object.fromEntries(type.fields.map((field) => [field.name, convert(field.type, value[field.name] ?? null)]));
    case "string":
    case "bytes":
    case "tensor":
      return value;
  }
}

/** One that would become infinite stays as it is, and does not fit. */
function roundUnlessInfinite(value: number, dtype: Dtype): number {
  const rounded = roundFloat(value, dtype);
  return Number.isFinite(rounded) ? rounded : value;
}

export function printColumnType(type: ColumnType): string {
  switch (type.kind) {
    case "scalar":
      return type.dtype;
    case "string":
    case "bytes":
      return type.kind;
    case "tensor":
      return `tensor<${type.dtype}>[${type.shape.map((size) => size ?? "_").join(", ")}]`;
    case "list":
      return `list<${printColumnType(type.element)}>`;
    case "record":
      return `{ ${type.fields.map((field) => `${field.name}: ${printColumnType(field.type)}`).join(", ")} }`;
    case "optional":
      return `${printColumnType(type.inner)}?`;
  }
}

/** A value in a few words: its kind and size, the value itself where it is short. */
export function describeValue(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : `a string of ${value.length} characters`;
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (isTensor(value)) return `tensor<${value.dtype}>[${value.shape.join(", ")}]`;
  return isList(value) ? `a list of ${value.length}` : `a record { ${Object.keys(value).join(", ")} }`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
