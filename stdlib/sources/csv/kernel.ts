/**
 * Comma-separated values after RFC 4180. With a header, columns are found by name, otherwise by position. An
 * empty cell is null where the field is optional, an empty string where it is a string. A record with too many
 * or too few cells, broken quotes or a value that does not fit is a bad row named by the line it begins on.
 */
import type { Column } from "../../../runtime/contract/column.ts";
import { JobError, RowError } from "../../../runtime/contract/kernel.ts";
import type { OpenSource, SourceItem, SourceKernel } from "../../../runtime/contract/kernel.ts";
import type { Row, Value } from "../../../runtime/contract/value.ts";
import { listTables } from "../../support/list-input.ts";
import type { InputFile } from "../../support/list-input.ts";
import { FILES_OPEN_MAX, mapLimited } from "../../support/map-limited.ts";
import { toValue } from "../../support/plain-value.ts";
import { readText } from "../../support/read-lines.ts";
import { splitRecords } from "./split-records.ts";
import type { CsvRecord } from "./split-records.ts";

interface Options {
  readonly header: boolean;
  readonly separator: string;
  /** Told how many of the file's bytes were read. */
  readonly onRead?: (bytes: number) => void;
}

export const csv: SourceKernel = {
  open: async (args, columns) => {
    if (args.separator === "") throw new JobError("R0142", "the separator is empty; csv needs one between cells");
    const options: Options = { header: args.header === true, separator: String(args.separator) };
    const splits = await listTables(String(args.path), [".csv", ".tsv", ".gz"]);
    const places = await mapLimited(splits, FILES_OPEN_MAX, (split) => findColumns(split, columns, options));
    let bytesRead = 0;
    const source: OpenSource = {
      splits,
      read: (split, firstRow) => readRows(splits[split].file, firstRow, columns, places[split], { ...options, onRead: (bytes) => (bytesRead = bytes) }),
      bytesRead: () => bytesRead,
      close: async () => {},
    };
    return source;
  },
};

/** Where each wanted column stands in this file's records. */
async function findColumns(split: InputFile, columns: readonly Column[], options: Options): Promise<readonly number[]> {
  if (!options.header) return columns.map((_, index) => index);
  for await (const [header] of readRecords(split.file, options)) {
    if (header.kind === "broken") throw new JobError("R0142", `${split.path}: its header line cannot be read: ${header.reason}`);
    return columns.map((column) => {
      const outside = column.outsideName ?? column.name;
      const place = header.cells.indexOf(outside);
      if (place >= 0) return place;
      throw new JobError("R0142", `${split.path} has no column ${JSON.stringify(outside)}; it has ${header.cells.map((cell) => JSON.stringify(cell)).join(", ")}`);
    });
  }
  throw new JobError("R0142", `${split.path} is empty, a header line is wanted`);
}

function readRecords(file: string, { separator, onRead }: Options): AsyncGenerator<readonly CsvRecord[]> {
  return splitRecords(readText(file, onRead), separator);
}

async function* readRows(file: string, firstRow: number, columns: readonly Column[], places: readonly number[], options: Options): AsyncGenerator<readonly SourceItem[]> {
  let row = options.header ? -1 : 0;
  let width: number | undefined;
  for await (const records of readRecords(file, options)) {
    const items: SourceItem[] = [];
    for (const record of records) {
      if (record.kind === "record") width ??= record.cells.length;
      if (row++ < 0 || row - 1 < firstRow) continue;
      const place = `line ${record.line}`;
      if (record.kind === "broken") items.push({ kind: "bad", reason: record.reason, place });
      else items.push(readRow(record.cells, width ?? 0, columns, places, place));
    }
    if (items.length > 0) yield items;
  }
}

function readRow(cells: readonly string[], width: number, columns: readonly Column[], places: readonly number[], place: string): SourceItem {
  if (cells.length !== width) return { kind: "bad", reason: `the line has ${cells.length} cells, the first line has ${width}`, place };
  try {
    const row: Record<string, Value> = {};
    columns.forEach((column, index) => (row[column.name] = toCell(cells[places[index]], column)));
    const complete: Row = row;
    return { kind: "row", row: complete, place };
  } catch (error) {
    return { kind: "bad", reason: error instanceof Error ? error.message : String(error), place };
  }
}

function toCell(cell: string | undefined, column: Column): Value {
  const what = column.outsideName ?? column.name;
  if (cell === undefined) throw new RowError(`${what} is missing`);
  const type = column.type.kind === "optional" ? column.type.inner : column.type;
  if (cell === "" && column.type.kind === "optional") return null;
  if (type.kind !== "scalar") return toValue(ownCopy(cell), type, what, "csv");
  const text = cell.trim();
  if (text === "") throw new RowError(`${what} is empty, and its type is not optional`);
  if (type.dtype === "bool") return toValue(text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : cell, type, what, "csv");
  if (/^[+-]?\d+$/.test(text)) return toValue(BigInt(text.replace(/^\+/, "")), type, what, "csv");
  const number = Number(text);
  if (Math.abs(number) === Infinity && /\d/.test(text)) throw new RowError(`${what} is ${text}, which does not fit ${type.dtype}`);
  return toValue(Number.isNaN(number) && text.toLowerCase() !== "nan" ? cell : number, type, what, "csv");
}

/** A part of a string keeps all of it in memory (V8): here, of a lookup table's keys, the whole file. */
function ownCopy(text: string): string {
  return ` ${text}`.slice(1);
}
