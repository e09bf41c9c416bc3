/**
 * The file operations that the commit protocol is made of, each one call of the operating system. The protocol is
 * written over this interface so that its check runs on a simulated disk, which loses and tears what was not synced.
 */
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { crc32 } from "node:zlib";

export interface FileSystem {
  /** Makes an empty file; false where there is one of this name (`O_EXCL`). */
  readonly create: (path: string) => Promise<boolean>;
  /** Appends to a file that is there: an error where it is gone. */
  readonly append: (path: string, text: string) => Promise<void>;
  readonly syncData: (path: string) => Promise<void>;
  /** Of a file or a folder. */
  readonly sync: (path: string) => Promise<void>;
  readonly rename: (from: string, to: string) => Promise<void>;
  /** False where it was there. An error where the folder above is not: nobody may bring back what was renamed away. */
  readonly makeFolder: (path: string) => Promise<boolean>;
  readonly list: (path: string) => Promise<readonly FolderEntry[] | undefined>;
  readonly size: (path: string) => Promise<number | undefined>;
  /** Of a file, without reading it. */
  readonly look: (path: string) => Promise<FileLook | undefined>;
  /** Reads all of a file. */
  readonly crc: (path: string) => Promise<number>;
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
  readonly remove: (path: string) => Promise<void>;
  /** A folder with all that is in it. */
  readonly removeFolder: (path: string) => Promise<void>;
  /** False where it holds something, or is not there. */
  readonly removeEmptyFolder: (path: string) => Promise<boolean>;
}

export interface FileLook {
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

async function unless<T>(codes: readonly string[], otherwise: T, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (hasCode(error, ...codes)) return otherwise;
    throw error;
  }
}

async function withFile<T>(path: string, flags: string | number, act: (file: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
  const file = await open(path, flags);
  try {
    return await act(file);
  } finally {
    await file.close();
  }
}

export const realFiles: FileSystem = {
  create: (path) => unless(["EEXIST"], false, () => withFile(path, "wx", async () => true)),
  // "r+" and a position: "a" would make the file where it is gone.
  append: (path, text) =>
    withFile(path, "r+", async (file) => {
      const bytes = Buffer.from(text, "utf8");
      const end = (await file.stat()).size;
      for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written, bytes.length - written, end + written)).bytesWritten;
    }),
  syncData: (path) => withFile(path, "r+", (file) => file.datasync()),
  sync: (path) => withFile(path, "r", (file) => file.sync()),
  rename,
  makeFolder: (path) => unless(["EEXIST"], false, () => mkdir(path).then(() => true)),
  list: (path) => unless(["ENOENT", "ENOTDIR"], undefined, async () => (await readdir(path, { withFileTypes: true })).map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))),
  size: (path) => unless(["ENOENT", "ENOTDIR"], undefined, async () => (await stat(path)).size),
  look: (path) => unless(["ENOENT", "ENOTDIR"], undefined, async () => {
    const { size, mtimeMs } = await stat(path);
    return { bytes: size, modifiedMs: mtimeMs };
  }),
  crc: crcOfFile,
  read: (path) => unless<Uint8Array | undefined>(["ENOENT"], undefined, () => readFile(path)),
  remove: (path) => rm(path, { force: true }),
  removeFolder: (path) => rm(path, { recursive: true, force: true }),
  removeEmptyFolder: (path) => unless(["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"], false, () => rmdir(path).then(() => true)),
};

const BLOCK_BYTES = 1024 * 1024;

async function crcOfFile(path: string): Promise<number> {
  const file = await open(path, "r");
  try {
    const block = new Uint8Array(BLOCK_BYTES);
    let crc = 0;
    for (let got = await file.read(block); got.bytesRead > 0; got = await file.read(block)) crc = crc32(block.subarray(0, got.bytesRead), crc);
    return crc;
  } finally {
    await file.close();
  }
}
