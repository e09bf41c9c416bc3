/** Values as keys of maps: equal values (of one static type) give equal keys. */
import { isTensor } from "./tensor.ts";
import type { Value } from "./value.ts";

export function valueKey(value: Value): string | number | bigint | boolean | null {
  // Null is itself: the text "null" is another key.
  if (typeof value !== "object" || value === null) return value;
  return structureKey(value);
}

function structureKey(value: Value): string {
  if (value === null) return "null";
  // Lengths keep strings apart from what stands around them.
  if (typeof value === "string") return `s${value.length}:${value}`;
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}`;
  if (isTensor(value)) return `t${value.dtype}[${value.shape.join()}]${Array.from({ length: value.data.length }, (_, index) => structureKey(value.data[index])).join()}`;
  if (isList(value)) return `[${value.map(structureKey).join()}]`;
  return `{${Object.entries(value).map(([name, field]) => `${name}=${structureKey(field)}`).join()}}`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
