/** Comma-separated values after RFC 4180, with "\n" line ends. Null is an empty cell, an empty string is "". */
import type { SinkKernel } from "../../../runtime/contract/kernel.ts";
import type { Value } from "../../../runtime/contract/value.ts";
import { openTextFile } from "../../support/text-file-sink.ts";

export const csv: SinkKernel = {
  extension: "csv",
  open: (target) => {
    const separator = String(target.args.separator);
    const names = target.columns.map((column) => quoted(column.outsideName ?? column.name, separator));
    const head = target.args.header === true ? `${names.join(separator)}\n` : "";
    return openTextFile(target.file, head, (row) => target.columns.map((column) => cellOf(row[column.name], separator)).join(separator));
  },
};

function cellOf(value: Value, separator: string): string {
  if (value === null) return "";
  return typeof value === "string" ? quoted(value, separator) : String(value);
}

function quoted(text: string, separator: string): string {
  const plain = text !== "" && !text.includes(separator) && !/["\r\n]/.test(text);
  return plain ? text : `"${text.replaceAll('"', '""')}"`;
}
