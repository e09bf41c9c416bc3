/**
 * Writes Parquet: one row group for every `rows_per_group` rows, or sooner when a group's rows hold many bytes.
 * Where groups end depends on the rows alone, so equal rows give equal files.
 */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { Writer } from "hyparquet-writer";
import type { OpenSinkFile, SinkKernel } from "../../../runtime/contract/kernel.ts";
import type { Row } from "../../../runtime/contract/value.ts";
import { JobError } from "../../../runtime/contract/kernel.ts";
import { toPlain } from "../../support/plain-value.ts";
import { describeFileError } from "../../support/file-error.ts";
import { bytesOfValue } from "../../support/bytes-of-value.ts";
import { toParquetSchema } from "./to-parquet-schema.ts";
import { loadZstd } from "./load-zstd.ts";

const GROUP_BYTES_MAX = 64 * 2 ** 20;

const CODECS = { zstd: "ZSTD", snappy: "SNAPPY", gzip: "GZIP", none: "UNCOMPRESSED" } as const;

export const parquet: SinkKernel = {
  extension: "parquet",
  open: async (target) => {
    if (target.file === undefined) throw new JobError("R0146", "a Parquet sink needs a file to write");
    const handle = await open(target.file, "w").catch((error: unknown) => {
      throw describeFileError(error, target.file ?? "");
    });
    const codec = CODECS[codecName(String(target.args.compression))];
    const compressors = codec === "ZSTD" ? { ZSTD: await loadZstd() } : { GZIP: (bytes: Uint8Array): Uint8Array => gzipSync(bytes) };
    const writer = fileWriter(handle);
    const file = new ParquetWriter({ writer, schema: [...toParquetSchema(target.columns)], codec, compressors, createdBy: "pipec" });
    const names = target.columns.map((column) => column.outsideName ?? column.name);
    let waiting: Row[] = [];
    let waitingBytes = 0;
    const writeGroup = async (): Promise<void> => {
      const rows = waiting;
      waiting = [];
      waitingBytes = 0;
      const columnData = target.columns.map((column, index) => ({ name: names[index], data: rows.map((row) => toPlain(row[column.name])) }));
      await file.write({ columnData, rowGroupSize: rows.length });
    };
    const sink: OpenSinkFile = {
      append: async (rows) => {
        for (const row of rows) {
          waiting.push(row);
          waitingBytes += target.columns.reduce((sum, column) => sum + bytesOfValue(row[column.name]), 0);
          if (waiting.length >= Number(target.args.rows_per_group) || waitingBytes >= GROUP_BYTES_MAX) await writeGroup();
        }
      },
      close: async () => {
        if (waiting.length > 0) await writeGroup();
        await file.finish();
        await handle.close();
        return { bytes: writer.offset };
      },
      abort: () => handle.close(),
    };
    return sink;
  },
};

function codecName(name: string): keyof typeof CODECS {
  return name === "snappy" || name === "gzip" || name === "none" ? name : "zstd";
}

/** Collects bytes and hands them to the file after every row group and at the end. */
function fileWriter(handle: FileHandle): Writer {
  const writer = new ByteWriter();
  const flush = async (): Promise<void> => {
    const bytes = new Uint8Array(writer.buffer, 0, writer.index);
    for (let written = 0; written < bytes.length; ) written += (await handle.write(bytes, written)).bytesWritten;
    writer.index = 0;
  };
  return Object.assign(writer, { flush, finish: flush });
}
