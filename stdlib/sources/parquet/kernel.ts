/**
 * Parquet files, read by row group and only the wanted columns. The files' schemas are checked before the first
 * row. Where a row group is large and has an offset index, it is read in slices of rows, so that a group of big
 * pictures need not fit into memory.
 */
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import type { AsyncBuffer, FileMetaData, RowGroup } from "hyparquet";
import type { Column, ColumnType } from "../../../runtime/contract/column.ts";
import { JobError } from "../../../runtime/contract/kernel.ts";
import type { OpenSource, SourceItem, SourceKernel } from "../../../runtime/contract/kernel.ts";
import { describeFileError } from "../../support/file-error.ts";
import { listTables } from "../../support/list-input.ts";
import type { InputFile } from "../../support/list-input.ts";
import { FILES_OPEN_MAX, mapLimited } from "../../support/map-limited.ts";
import { toRow, toText } from "../../support/plain-value.ts";
import { describeMismatch } from "./describe-mismatch.ts";
import { openFileBuffer } from "./file-buffer.ts";

const SLICE_BYTES = 32 * 2 ** 20;
/** Read from a file's end before its footer's length is known; most are shorter. */
const FOOTER_BYTES = 64 * 1024;

const asItIs = (bytes: Uint8Array | undefined): Uint8Array | undefined => bytes;
/** Whether they are text or bytes is for the program's types to say. */
const bytesAsTheyAre = { stringFromBytes: asItIs, jsonFromBytes: asItIs, uuidFromBytes: asItIs, geometryFromBytes: asItIs, geographyFromBytes: asItIs };

/** Where no column is wanted as bytes: of a dictionary, each text is made once. */
const textAsText = { ...bytesAsTheyAre, stringFromBytes: (bytes: Uint8Array | undefined): string | undefined => bytes && toText(bytes) };

interface OpenFile {
  readonly file: InputFile;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
}

export const parquet: SourceKernel = {
  open: async (args, columns) => {
    const files = await listTables(String(args.path), [".parquet", ".parq", ".pq"]);
    // Only the numbers of rows are kept: what is known of all row groups of all files may not fit into memory.
    const rows = await mapLimited(files, FILES_OPEN_MAX, async (file) => Number((await openFile(file, columns)).metadata.num_rows));
    const source: OpenSource = {
      splits: files.map(({ path, bytes, modifiedMs }, index) => ({ path, bytes, modifiedMs, rows: rows[index] })),
      read: async function* (split, firstRow) {
        yield* readRows(await openFile(files[split], columns), firstRow, columns);
      },
      close: async () => {},
    };
    return source;
  },
};

async function openFile(file: InputFile, columns: readonly Column[]): Promise<OpenFile> {
  const buffer = await openFileBuffer(file.file).catch((error: unknown) => {
    throw describeFileError(error, file.path);
  });
  const metadata = await parquetMetadataAsync(buffer, { initialFetchSize: FOOTER_BYTES }).catch((error: unknown) => {
    throw new JobError("R0141", `${file.path} is not a Parquet file that can be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  const trees = parquetSchema(metadata).children;
  for (const column of columns) {
    const outside = column.outsideName ?? column.name;
    const tree = trees.find((candidate) => candidate.element.name === outside);
    if (tree === undefined) {
      throw new JobError("R0142", `${file.path} has no column ${JSON.stringify(outside)}; it has ${trees.map((candidate) => candidate.element.name).join(", ")}`);
    }
    const mismatch = describeMismatch(tree, column.type);
    if (mismatch !== undefined) throw new JobError("R0142", `${file.path}, column ${JSON.stringify(outside)}: ${mismatch}`);
  }
  return { file, buffer, metadata };
}

async function* readRows(open: OpenFile, firstRow: number, columns: readonly Column[]): AsyncGenerator<readonly SourceItem[]> {
  let groupStart = 0;
  for (const group of open.metadata.row_groups) {
    const groupEnd = groupStart + Number(group.num_rows);
    const step = sliceRows(group, columns);
    for (let start = Math.max(groupStart, firstRow); start < groupEnd; start += step) {
      yield await readSlice(open, start, Math.min(start + step, groupEnd), columns);
    }
    groupStart = groupEnd;
  }
}

function holdsBytes(type: ColumnType): boolean {
  switch (type.kind) {
    case "bytes":
      return true;
    case "list":
      return holdsBytes(type.element);
    case "optional":
      return holdsBytes(type.inner);
    case "record":
      return type.fields.some((field) => holdsBytes(field.type));
    case "scalar":
    case "string":
    case "tensor":
      return false;
  }
}

/** Rows to read at once: the whole group, unless it is large and pages can be found one by one. */
function sliceRows(group: RowGroup, columns: readonly Column[]): number {
  const wanted = new Set(columns.map((column) => column.outsideName ?? column.name));
  const chunks = group.columns.filter((chunk) => wanted.has(chunk.meta_data?.path_in_schema[0] ?? ""));
  const bytes = chunks.reduce((sum, chunk) => sum + Number(chunk.meta_data?.total_uncompressed_size ?? 0n), 0);
  const rows = Math.max(1, Number(group.num_rows));
  if (bytes <= SLICE_BYTES || chunks.some((chunk) => chunk.offset_index_offset === undefined)) return rows;
  return Math.max(1, Math.floor((rows * SLICE_BYTES) / bytes));
}

async function readSlice(open: OpenFile, rowStart: number, rowEnd: number, columns: readonly Column[]): Promise<readonly SourceItem[]> {
  // Their tables take time to make, and each of a program's threads loads the whole program.
  const { compressors } = await import("hyparquet-compressors");
  const records = await parquetReadObjects({
    file: open.buffer,
    metadata: open.metadata,
    columns: columns.map((column) => column.outsideName ?? column.name),
    rowStart,
    rowEnd,
    compressors,
    utf8: false,
    parsers: columns.some(({ type }) => holdsBytes(type)) ? bytesAsTheyAre : textAsText,
    useOffsetIndex: true,
  }).catch((error: unknown) => {
    // Corrupt pages cannot be told apart by row; the file as a whole is at fault.
    throw new JobError("R0141", `${open.file.path}, rows ${rowStart} to ${rowEnd - 1}, cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  return records.map((record, index) => toItem(record, columns, `row ${rowStart + index}`));
}

function toItem(record: Record<string, unknown>, columns: readonly Column[], place: string): SourceItem {
  try {
    return { kind: "row", row: toRow(record, columns, "parquet"), place };
  } catch (error) {
    return { kind: "bad", reason: error instanceof Error ? error.message : String(error), place };
  }
}
