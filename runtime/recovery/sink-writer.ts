/**
 * The rows of one sink, in row order, into files whose names are a pure function of commit group, partition key and
 * roll-over number: `lang=en/part-00002-000.jsonl`. Files are written and synced under the target's staging folder; at
 * the end of each group the writer says what it holds, and who commits it renames. Columns that partition are in the
 * folder's name, not in the file.
 */
import { join, basename, resolve } from "node:path";
import type { Column } from "../contract/column.ts";
import { jobError } from "../contract/failures.ts";
import type { OpenSinkFile } from "../contract/kernel.ts";
import type { SinkSpec } from "../contract/program.ts";
import type { Row } from "../contract/value.ts";
import { realFiles } from "./file-system.ts";
import type { StagedFile } from "./manifest.ts";
import { makeFoldersBelow } from "./output-files.ts";
import type { OutputTarget } from "./output-target.ts";
import { groupByKey } from "./partition-key.ts";
import { rowsFile } from "./rows-file.ts";
import { settleFiles } from "./settle-files.ts";
import type { WrittenFile } from "./settle-files.ts";
import { createSpill } from "./spill.ts";
import { writing } from "./sync-file.ts";

/** What a sink holds of one group, on disk for good. */
export interface SinkGroup {
  readonly group: number;
  /** No more groups follow. */
  readonly last: boolean;
  readonly rows: number;
  readonly files: readonly StagedFile[];
  /** Of the rows, where there are no files. */
  readonly bytes: number;
}

/** Where a sink goes on. */
export interface SinkStart {
  readonly chunk: number;
  /** What earlier groups have. */
  readonly files: number;
  readonly rows: number;
  /** Everything was committed by an earlier run: nothing comes. */
  readonly hasEnded: boolean;
}

export const sinkBeginning: SinkStart = { chunk: 0, files: 0, rows: 0, hasEnded: false };

export interface SinkWriter {
  /** Chunks come in order. */
  readonly write: (ordinal: number, rows: readonly Row[]) => Promise<void>;
  /** After this the last group has been told of. */
  readonly finish: () => Promise<void>;
  /** Lets go of what is open; nothing more is written. */
  readonly abort: () => Promise<void>;
}

export interface SinkWriterOptions {
  readonly sink: SinkSpec;
  readonly columns: readonly Column[];
  readonly groupChunks: number;
  /** Undefined for a sink without files. */
  readonly target: OutputTarget | undefined;
  readonly start: SinkStart;
  /** Called in the order of groups. */
  readonly onGroup: (group: SinkGroup) => void;
}

export function createSinkWriter(options: SinkWriterOptions): SinkWriter {
  const { groupChunks, start, target, onGroup } = options;
  const body = createBody(options);
  let group = Math.floor(start.chunk / groupChunks);
  let rows = 0;
  // Files of a group are synced while those of the next are written.
  let settling = Promise.resolve();
  const endGroup = async (last: boolean): Promise<void> => {
    const { files, bytes } = await body.endGroup(group, last);
    const ended = { group, last, rows };
    group++;
    rows = 0;
    await settling;
    settling = writing(target?.path ?? "", async () => {
      const settled = target === undefined ? [] : await settleFiles(target.staging, files, target.isKept);
      onGroup({ ...ended, files: settled, bytes });
    });
    // Looked at before the next group ends.
    settling.catch(() => {});
  };
  return {
    write: async (ordinal, more) => {
      await body.write(group, more);
      rows += more.length;
      if ((ordinal + 1) % groupChunks === 0) await endGroup(false);
    },
    finish: async () => {
      if (start.hasEnded) return;
      await endGroup(true);
      await settling;
    },
    abort: () => body.abort(),
  };
}

/** How rows come into files; `createSinkWriter` sees to groups. */
interface WriterBody {
  readonly write: (group: number, rows: readonly Row[]) => Promise<void>;
  /** Files that are whole. */
  readonly endGroup: (group: number, last: boolean) => Promise<{ readonly files: readonly WrittenFile[]; readonly bytes: number }>;
  readonly abort: () => Promise<void>;
}

function createBody(options: SinkWriterOptions): WriterBody {
  const { sink, target } = options;
  if (target === undefined) return createStreamBody(options);
  if (target.kind === "file" && target.isKept) {
    // The one file is made of the rows of all groups when there are no more.
    const parts: SinkSpec = { ...sink, kernel: rowsFile, partitionBy: [] };
    const { rowsPerFile: _one, ...whole } = parts;
    return createFolderBody({ ...options, sink: whole }, createFileSeries({ ...options, sink: whole }, target), true);
  }
  const series = createFileSeries(options, target);
  if (target.kind === "file") return createSingleFileBody(series, target);
  return sink.partitionBy.length === 0 ? createFolderBody(options, series, false) : createPartitionBody(options, series, target);
}

/** A sink without files, such as the console. */
function createStreamBody({ sink, columns }: SinkWriterOptions): WriterBody {
  let opened: Promise<OpenSinkFile> | undefined;
  const open = (): Promise<OpenSinkFile> => (opened ??= sink.kernel.open({ columns, args: sink.args() }));
  return {
    write: async (_group, rows) => (await open()).append(rows),
    endGroup: async (_group, last) => ({ files: [], bytes: last ? (await (await open()).close()).bytes : 0 }),
    abort: async () => {},
  };
}

/** Files written one after the other. */
interface FileSeries {
  /** Appends to the open file; opens `name` where none is. */
  readonly append: (name: string, rows: readonly Row[]) => Promise<void>;
  readonly closeFile: () => Promise<void>;
  /** Closes what is open, whatever is in it. */
  readonly abort: () => Promise<void>;
  /** Files closed since the last call. */
  readonly take: () => { readonly files: readonly WrittenFile[]; readonly bytes: number };
}

function createFileSeries({ sink, columns }: SinkWriterOptions, target: OutputTarget): FileSeries {
  const kept = columns.filter((column) => !sink.partitionBy.includes(column.name));
  let files: WrittenFile[] = [];
  let open: { readonly name: string; readonly sink: OpenSinkFile } | undefined;
  const openFile = async (name: string): Promise<OpenSinkFile> => {
    await makeFoldersBelow(realFiles, target.staging, name);
    open = { name, sink: await sink.kernel.open({ file: join(target.staging, name), columns: kept, args: sink.args() }) };
    return open.sink;
  };
  return {
    append: (name, rows) => writing(target.path, async () => (open?.sink ?? (await openFile(name))).append(rows)),
    closeFile: () =>
      writing(target.path, async () => {
        if (open === undefined) return;
        const { name, sink: file } = open;
        files.push({ name, bytes: (await file.close()).bytes });
        open = undefined;
      }),
    abort: async () => {
      // Why it is given up is told already.
      await open?.sink.abort().catch(() => {});
      open = undefined;
    },
    take: () => {
      const taken = files;
      files = [];
      return { files: taken, bytes: taken.reduce((sum, file) => sum + file.bytes, 0) };
    },
  };
}

function createSingleFileBody(series: FileSeries, target: OutputTarget): WriterBody {
  const name = basename(resolve(target.path));
  return {
    write: (_group, rows) => series.append(name, rows),
    endGroup: async (_group, last) => {
      if (!last) return { files: [], bytes: 0 };
      // An empty stream is an empty file.
      await series.append(name, []);
      await series.closeFile();
      return series.take();
    },
    abort: series.abort,
  };
}

function createFolderBody({ sink, start }: SinkWriterOptions, series: FileSeries, mayBeEmpty: boolean): WriterBody {
  const roll = createRollOver(series, sink);
  let files = start.files;
  return {
    write: (group, rows) => roll.append("", group, rows),
    endGroup: async (_group, last) => {
      await roll.end();
      const taken = series.take();
      files += taken.files.length;
      if (!last || files > 0 || mayBeEmpty) return taken;
      // A reader of the folder finds the columns even where there are no rows.
      await series.append(fileName("", 0, 0, sink), []);
      await series.closeFile();
      return series.take();
    },
    abort: series.abort,
  };
}

function createPartitionBody({ sink, columns }: SinkWriterOptions, series: FileSeries, target: OutputTarget): WriterBody {
  const spill = createSpill(join(target.staging, ".spill"));
  const roll = createRollOver(series, sink);
  return {
    write: (_group, rows) =>
      writing(target.path, async () => {
        for (const [key, members] of groupByKey(sink, columns, rows)) await spill.add(key, members);
        if (spill.keys().length > sink.partitionsMax) throw jobError("R0152", `${target.path}: more than ${sink.partitionsMax} partitions in one group of rows`, "raise `partitions_max`");
      }),
    endGroup: (group) =>
      writing(target.path, async () => {
        for (const key of spill.keys()) {
          for await (const rows of spill.read(key)) await roll.append(`${key}/`, group, rows);
          await roll.end();
        }
        await spill.clear();
        return series.take();
      }),
    abort: series.abort,
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
