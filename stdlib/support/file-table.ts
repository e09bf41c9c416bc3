/**
 * A long list of files in little memory: its pages as text, deflated. What is told of one file is much like what is told
 * of the next, so ten million of them take some hundred megabytes, outside the JavaScript heap, and not gigabytes in it.
 */
import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { PAGE_FILES } from "./list-input.ts";
import type { InputFile } from "./list-input.ts";

/** A file as it was when it was listed. */
export type ListedFile = Pick<InputFile, "file" | "name" | "bytes" | "modifiedMs">;

export interface FileTable {
  readonly count: number;
  /** Of all files. */
  readonly bytes: number;
  /** Of the latest. */
  readonly modifiedMs: number;
  /** Of all names, sizes and times. */
  readonly digest: string;
  /** From file `first` on, to the end of its page. Quick where the page is the one that was asked for last. */
  readonly filesFrom: (first: number) => readonly ListedFile[];
}

/** `listed`: pages of `PAGE_FILES`, but for the last. */
export async function packFiles(listed: AsyncIterable<readonly ListedFile[]>): Promise<FileTable> {
  const [pages, hash]: [Buffer[], ReturnType<typeof createHash>] = [[], createHash("sha256")];
  let [count, bytes, modifiedMs] = [0, 0, 0];
  for await (const files of listed) {
    const text = files.map(printFile).join("");
    hash.update(text);
    pages.push(deflateRawSync(text, { level: 1 }));
    count += files.length;
    for (const file of files) {
      bytes += file.bytes;
      modifiedMs = Math.max(modifiedMs, file.modifiedMs);
    }
  }
  let open: { readonly page: number; readonly files: readonly ListedFile[] } | undefined;
  return {
    count,
    bytes,
    modifiedMs,
    digest: hash.digest("hex"),
    filesFrom: (first) => {
      const page = Math.floor(first / PAGE_FILES);
      if (open?.page !== page) open = { page, files: parsePage(inflateRawSync(pages[page]).toString()) };
      return open.files.slice(first % PAGE_FILES);
    },
  };
}

/** No path holds a zero. */
function printFile({ file, name, bytes, modifiedMs }: ListedFile): string {
  return `${file}\0${name}\0${bytes}\0${modifiedMs}\0`;
}

function parsePage(text: string): readonly ListedFile[] {
  const words = text.split("\0");
  return Array.from({ length: Math.floor(words.length / 4) }, (_, index) => {
    const [file, name, bytes, modifiedMs] = words.slice(4 * index, 4 * index + 4);
    return { file, name, bytes: Number(bytes), modifiedMs: Number(modifiedMs) };
  });
}
