/** Roughly what a value takes in memory. */
import { isTensor } from "../../runtime/contract/tensor.ts";
import type { Value } from "../../runtime/contract/value.ts";

export function bytesOfValue(value: Value): number {
  if (value === null || typeof value === "boolean") return 1;
  if (typeof value === "number" || typeof value === "bigint") return 8;
  if (typeof value === "string") return value.length;
  if (value instanceof Uint8Array) return value.byteLength;
  if (isTensor(value)) return "byteLength" in value.data ? value.data.byteLength : value.data.reduce((sum, text) => sum + text.length, 0);
  return Object.values(value).reduce((sum: number, part) => sum + bytesOfValue(part), 0);
}
