/** Sources whose rows are whole files: the path and the bytes. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { JobError } from "../../runtime/contract/kernel.ts";
import type { OpenSource, SourceItem } from "../../runtime/contract/kernel.ts";
import { describeFileError } from "./file-error.ts";
import { listInput } from "./list-input.ts";
import type { InputFile } from "./list-input.ts";

/** Files read at once, and handed on together. */
const FILES_AT_ONCE = 16;

/** One split for the whole folder, so that a chunk may hold many files. */
export async function openFileRows(path: string, extensions: readonly string[] | undefined): Promise<OpenSource> {
  const files = await listInput(path, extensions);
  return {
    splits: [
      {
        path,
        bytes: files.reduce((sum, file) => sum + file.bytes, 0),
        modifiedMs: files.reduce((latest, file) => Math.max(latest, file.modifiedMs), 0),
        rows: files.length,
        digest: digestOf(files),
      },
    ],
    read: async function* (_split, firstRow) {
      for (let first = firstRow; first < files.length; first += FILES_AT_ONCE) {
        yield await Promise.all(files.slice(first, first + FILES_AT_ONCE).map(readWhole));
      }
    },
    close: async () => {},
  };
}

/** Of the list as JSON, file by file: in one piece, that of some million files would be longer than a string can be. */
function digestOf(files: readonly InputFile[]): string {
  const hash = createHash("sha256").update("[");
  files.forEach(({ name, bytes, modifiedMs }, index) => hash.update(`${index === 0 ? "" : ","}${JSON.stringify([name, bytes, modifiedMs])}`));
  return hash.update("]").digest("hex");
}

async function readWhole(file: { readonly file: string; readonly name: string }): Promise<SourceItem> {
  const bytes = await readFile(file.file).catch((error: unknown) => {
    const described = describeFileError(error, file.file);
    // Listed a moment ago: the input changed under the run, which no row error can mend.
    throw new JobError("R0143", `${described.message}, though it did when the run started`);
  });
  return { kind: "row", row: { path: file.name, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) }, place: file.name };
}
