/**
 * JSON objects, one a line, fields in the record's order. Integers beyond 2^53 are written as strings (as the
 * jsonl source reads them), bytes as base64, NaN and infinities as null, which JSON has nothing better for.
 */
import type { SinkKernel } from "../../../runtime/contract/kernel.ts";
import { toPlain } from "../../support/plain-value.ts";
import { openTextFile } from "../../support/text-file-sink.ts";

export const jsonl: SinkKernel = {
  extension: "jsonl",
  open: (target) =>
    openTextFile(target.file, "", (row) => {
      const record = Object.fromEntries(target.columns.map((column) => [column.outsideName ?? column.name, toPlain(row[column.name])]));
      return JSON.stringify(record, (_key, value: unknown) => toJson(value));
    }),
};

function toJson(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  return value;
}
