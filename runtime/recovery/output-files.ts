/** Folders and files of outputs, step by step over a `FileSystem`, so that what one step left half done the next mends. */
import { dirname, join } from "node:path";
import { hasCode } from "./file-system.ts";
import type { FileSystem } from "./file-system.ts";

/** Folders whose entries changed since they were last synced. */
export type DirtyFolders = Set<string>;

/** Makes a folder and those above it. */
export async function makeFolders(fs: FileSystem, folder: string, dirty: DirtyFolders): Promise<void> {
  try {
    if (await fs.makeFolder(folder)) dirty.add(dirname(folder));
  } catch (error) {
    if (!hasCode(error, "ENOENT") || dirname(folder) === folder) throw error;
    await makeFolders(fs, dirname(folder), dirty);
    if (await fs.makeFolder(folder)) dirty.add(dirname(folder));
  }
}

/** Makes the folders of `name` below a root that must be there: one that was renamed away does not come back. */
export async function makeFoldersBelow(fs: FileSystem, root: string, name: string): Promise<readonly string[]> {
  const folders = [root];
  for (const part of name.split("/").slice(0, -1)) {
    const folder = join(folders[folders.length - 1], part);
    await fs.makeFolder(folder);
    folders.push(folder);
  }
  return folders;
}

/** The folders above a path, as far as they may be opened. */
export async function syncAbove(fs: FileSystem, path: string): Promise<void> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    await fs.sync(folder).catch((error: unknown) => {
      if (!hasCode(error, "EACCES", "EPERM", "EINVAL")) throw error;
    });
    if (folder === dirname(folder)) return;
  }
}

export async function syncFolders(fs: FileSystem, dirty: DirtyFolders): Promise<void> {
  for (const folder of [...dirty].sort()) {
    await fs.sync(folder).catch((error: unknown) => {
      // Emptied and removed since.
      if (!hasCode(error, "ENOENT")) throw error;
    });
    dirty.delete(folder);
  }
}

/**
 * Files below a folder by their names relative to it, with "/". Without those that are no data (hidden ones, and those
 * that start with "_" and are no partition), and without what lies in the folders `except`.
 */
export async function* walkFiles(fs: FileSystem, root: string, except: ReadonlySet<string>, under = ""): AsyncGenerator<string> {
  for (const { name, isFolder } of (await fs.list(join(root, under))) ?? []) {
    if (/^[._][^=]*$/.test(name) || except.has(join(root, under, name))) continue;
    const path = under === "" ? name : `${under}/${name}`;
    if (isFolder) yield* walkFiles(fs, root, except, path);
    else yield path;
  }
}
