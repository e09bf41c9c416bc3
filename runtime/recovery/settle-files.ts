/** Makes staged files last: their bytes and their names are on disk before their group may be committed. */
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { realFiles } from "./file-system.ts";
import type { StagedFile } from "./manifest.ts";
import { syncPath } from "./sync-file.ts";

/** From so many files on, syncing the whole file system once takes less than syncing each. */
const FILES_MAX = 64;

export interface WrittenFile {
  /** Relative to the staging folder. */
  readonly name: string;
  readonly bytes: number;
}

/** `isKept`: a manifest will list the files, with a CRC of each. */
export async function settleFiles(staging: string, files: readonly WrittenFile[], isKept: boolean): Promise<readonly StagedFile[]> {
  if (files.length === 0) return [];
  const folders = new Set<string>();
  for (const { name } of files) for (let at = dirname(name); ; at = dirname(at)) {
    folders.add(at);
    if (at === ".") break;
  }
  if (!(files.length > FILES_MAX && (await syncFileSystem(staging)))) {
    for (const { name } of files) await syncPath(join(staging, name));
    for (const folder of folders) await syncPath(join(staging, folder));
  }
  const settled: StagedFile[] = [];
  for (const { name, bytes } of files) settled.push({ name, bytes, ...(isKept ? await describeKept(join(staging, name)) : { crc: 0 }) });
  return settled;
}

async function describeKept(path: string): Promise<Pick<StagedFile, "crc" | "modifiedMs">> {
  const look = await realFiles.look(path);
  return { crc: await realFiles.crc(path), ...(look === undefined ? {} : { modifiedMs: look.modifiedMs }) };
}

/** False where the machine has no `sync -f`. */
async function syncFileSystem(path: string): Promise<boolean> {
  try {
    await promisify(execFile)("sync", ["-f", path]);
    return true;
  } catch {
    return false;
  }
}
