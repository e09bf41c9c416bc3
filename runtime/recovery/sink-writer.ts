/**
 * The rows of one sink, in row order, into files whose names are a pure function of commit group, partition key and
 * roll-over number: `lang=en/part-00002-000.jsonl`. Files are written and synced under the target's staging folder;
 * the run renames them when it has finished. Columns that partition are in the folder's name, not in the file.
 */
import { mkdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Column } from "../contract/column.ts";
import { jobError } from "../contract/failures.ts";
import type { OpenSinkFile } from "../contract/kernel.ts";
import type { SinkSpec } from "../contract/program.ts";
import type { Row, Value } from "../contract/value.ts";
import type { OutputTarget } from "./output-target.ts";
import { createSpill } from "./spill.ts";
import { syncPath, writing } from "./sync-file.ts";

export interface WrittenFiles {
  /** Relative to the target, with "/". */
  readonly files: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

export interface SinkWriter {
  /** Chunks come in order. */
  readonly write: (ordinal: number, rows: readonly Row[]) => Promise<void>;
  readonly finish: () => Promise<WrittenFiles>;
}

export interface SinkWriterOptions {
  readonly sink: SinkSpec;
  readonly columns: readonly Column[];
  readonly groupChunks: number;
  /** Undefined for a sink without files. */
  readonly target: OutputTarget | undefined;
}

export function createSinkWriter(options: SinkWriterOptions): SinkWriter {
  const { sink, target } = options;
  if (target === undefined) return createStreamWriter(options);
  const files = createFileSeries(options, target);
  if (target.kind === "file") return createSingleFileWriter(files, target);
  return sink.partitionBy.length === 0 ? createFolderWriter(options, files) : createPartitionWriter(options, files, target);
}

/** A sink without files, such as the console. */
function createStreamWriter({ sink, columns }: SinkWriterOptions): SinkWriter {
  let opened: Promise<OpenSinkFile> | undefined;
  let rows = 0;
  const open = (): Promise<OpenSinkFile> => (opened ??= sink.kernel.open({ columns, args: sink.args() }));
  return {
    write: async (_ordinal, more) => {
      await (await open()).append(more);
      rows += more.length;
    },
    finish: async () => {
      const { bytes } = await (await open()).close();
      return { files: [], rows, bytes };
    },
  };
}

/** Files written one after the other, each synced before the next. */
interface FileSeries {
  /** Appends to the open file; opens `name` where none is. */
  readonly append: (name: string, rows: readonly Row[]) => Promise<void>;
  readonly closeFile: () => Promise<void>;
  readonly written: () => WrittenFiles;
}

function createFileSeries({ sink, columns }: SinkWriterOptions, target: OutputTarget): FileSeries {
  const kept = columns.filter((column) => !sink.partitionBy.includes(column.name));
  const files: string[] = [];
  let open: { readonly file: string; readonly sink: OpenSinkFile } | undefined;
  let rowCount = 0;
  let bytes = 0;
  const openFile = async (name: string): Promise<OpenSinkFile> => {
    const file = join(target.staging, name);
    await mkdir(dirname(file), { recursive: true });
    open = { file, sink: await sink.kernel.open({ file, columns: kept, args: sink.args() }) };
    files.push(name);
    return open.sink;
  };
  return {
    append: (name, rows) =>
      writing(target.path, async () => {
        const to = open?.sink ?? (await openFile(name));
        await to.append(rows);
        rowCount += rows.length;
      }),
    closeFile: () =>
      writing(target.path, async () => {
        if (open === undefined) return;
        bytes += (await open.sink.close()).bytes;
        await syncPath(open.file);
        open = undefined;
      }),
    written: () => ({ files, rows: rowCount, bytes }),
  };
}

function createSingleFileWriter(series: FileSeries, target: OutputTarget): SinkWriter {
  const name = basename(resolve(target.path));
  return {
    write: (_ordinal, rows) => series.append(name, rows),
    finish: async () => {
      // An empty stream is an empty file.
      await series.append(name, []);
      await series.closeFile();
      return series.written();
    },
  };
}

function createFolderWriter({ sink, groupChunks }: SinkWriterOptions, series: FileSeries): SinkWriter {
  const roll = createRollOver(series, sink);
  let group = 0;
  return {
    write: async (ordinal, rows) => {
      const next = Math.floor(ordinal / groupChunks);
      if (next !== group) await roll.end();
      group = next;
      await roll.append("", group, rows);
    },
    finish: async () => {
      await roll.end();
      // A reader of the folder finds the columns even where there are no rows.
      if (series.written().files.length === 0) await series.append(fileName("", 0, 0, sink), []);
      await series.closeFile();
      return series.written();
    },
  };
}

function createPartitionWriter({ sink, columns, groupChunks }: SinkWriterOptions, series: FileSeries, target: OutputTarget): SinkWriter {
  const spill = createSpill(join(target.staging, ".spill"));
  const roll = createRollOver(series, sink);
  let group = 0;
  const endGroup = async (): Promise<void> => {
    for (const key of spill.keys()) {
      for await (const rows of spill.read(key)) await roll.append(`${key}/`, group, rows);
      await roll.end();
    }
    await spill.clear();
  };
  return {
    write: (ordinal, rows) =>
      writing(target.path, async () => {
        const next = Math.floor(ordinal / groupChunks);
        if (next !== group) await endGroup();
        group = next;
        for (const [key, members] of groupByKey(sink, columns, rows)) await spill.add(key, members);
        const keys = spill.keys().length;
        if (keys > sink.partitionsMax) throw jobError("R0152", `${target.path}: more than ${sink.partitionsMax} partitions in one group of rows`, "raise `partitions_max`");
      }),
    finish: async () => {
      await writing(target.path, endGroup);
      return series.written();
    },
  };
}

interface RollOver {
  readonly append: (folder: string, group: number, rows: readonly Row[]) => Promise<void>;
  /** Ends the run of files that share a group and a key. */
  readonly end: () => Promise<void>;
}

/** Splits rows over files of at most `rowsPerFile`. */
function createRollOver(series: FileSeries, sink: SinkSpec): RollOver {
  const most = sink.rowsPerFile ?? Infinity;
  let number = 0;
  let inFile = 0;
  return {
    append: async (folder, group, rows) => {
      for (let from = 0; from < rows.length; ) {
        if (inFile >= most) {
          await series.closeFile();
          number++;
          inFile = 0;
        }
        const part = rows.slice(from, from + Math.min(most - inFile, rows.length - from));
        await series.append(fileName(folder, group, number, sink), part);
        from += part.length;
        inFile += part.length;
      }
    },
    end: async () => {
      await series.closeFile();
      number = 0;
      inFile = 0;
    },
  };
}

function fileName(folder: string, group: number, number: number, sink: SinkSpec): string {
  return `${folder}part-${String(group).padStart(5, "0")}-${String(number).padStart(3, "0")}.${sink.kernel.extension ?? ""}`;
}

/** Rows by the folder they belong in, each in row order. */
function groupByKey(sink: SinkSpec, columns: readonly Column[], rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const names = sink.partitionBy.map((name) => ({ name, outside: columns.find((column) => column.name === name)?.outsideName ?? name }));
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = names.map(({ name, outside }) => `${escapeName(outside)}=${partitionValue(row[name])}`).join("/");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

/** As Hive names folders. */
function partitionValue(value: Value): string {
  if (value === null) return "__HIVE_DEFAULT_PARTITION__";
  // The checker admits scalars only.
  if (typeof value === "object") throw new Error("a partition key that is no scalar");
  return escapeName(String(value)) || "__HIVE_DEFAULT_PARTITION__";
}

function escapeName(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]|^\.+$/g, (found) => [...found].map((letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`).join(""));
}
