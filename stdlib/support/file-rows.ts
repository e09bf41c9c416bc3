/** Sources whose rows are whole files: the path and the bytes. */
import { close, fstat, open, read } from "node:fs";
import { promisify } from "node:util";
import { fileChanged } from "../../runtime/contract/failures.ts";
import { JobError } from "../../runtime/contract/kernel.ts";
import type { OpenSource, SourceItem } from "../../runtime/contract/kernel.ts";
import { describeFileError } from "./file-error.ts";
import { packFiles } from "./file-table.ts";
import type { ListedFile } from "./file-table.ts";
import { listPages } from "./list-input.ts";

/** Files read at once, and handed on together. */
const FILES_AT_ONCE = 16;

/** The system gives no more in one call than 2 GiB. */
const READ_BYTES_MAX = 2 ** 30;

/** A third less work for each file than `readFile` of `node:fs/promises`. */
const [openFile, statFile, readInto, closeFile] = [promisify(open), promisify(fstat), promisify(read), promisify(close)];

/** One split for the whole folder, so that a chunk may hold many files. */
export async function openFileRows(path: string, extensions?: readonly string[]): Promise<OpenSource> {
  const files = await packFiles(listPages(path, { extensions, takesUnderscored: true }));
  return {
    splits: [{ path, bytes: files.bytes, modifiedMs: files.modifiedMs, rows: files.count, digest: files.digest }],
    read: async function* (_split, firstRow) {
      let first = firstRow;
      while (first < files.count) {
        const some = files.filesFrom(first).slice(0, FILES_AT_ONCE);
        first += some.length;
        yield await Promise.all(some.map(readRow));
      }
    },
    close: async () => {},
  };
}

async function readRow(listed: ListedFile): Promise<SourceItem> {
  const bytes = await readWhole(listed).catch((error: unknown) => {
    if (error instanceof JobError) throw error;
    // Listed when the run began: the input changed under it, which no row error can mend.
    throw new JobError("R0143", `${describeFileError(error, listed.file).message}, though it did when the run started`);
  });
  return { kind: "row", row: { path: listed.name, bytes }, place: listed.name };
}

/** A file that is not what it was when it was listed is a JobError. */
async function readWhole({ file, bytes, modifiedMs }: ListedFile): Promise<Uint8Array> {
  const descriptor = await openFile(file, "r");
  try {
    const { size, mtimeMs } = await statFile(descriptor);
    if (size !== bytes || Math.floor(mtimeMs) !== modifiedMs) throw fileChanged(file);
    const whole = new Uint8Array(bytes);
    for (let filled = 0; filled < bytes; ) {
      const { bytesRead } = await readInto(descriptor, whole, filled, Math.min(bytes - filled, READ_BYTES_MAX), filled);
      if (bytesRead === 0) throw fileChanged(file);
      filled += bytesRead;
    }
    return whole;
  } finally {
    await closeFile(descriptor);
  }
}
