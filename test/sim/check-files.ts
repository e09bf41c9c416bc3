/**
 * The simulated disk of one checkpoint, and what must hold of it at every moment: no file comes to its final name before
 * a synced record lists it, and none is replaced.
 */
import type { ManifestLine } from "../../runtime/recovery/manifest.ts";
import type { FileSystem } from "../../runtime/recovery/file-system.ts";
import { createDisk, filesIn } from "../support/simulated-disk.ts";
import type { Disk } from "../support/simulated-disk.ts";

export interface CheckedDisk {
  readonly disk: Disk;
  /** The same operations, looked at. */
  readonly watch: (fs: FileSystem) => FileSystem;
  /** What was done that must not be done. */
  readonly violation: () => string | undefined;
  /** Chunks in the final files of a sink, in the order of their names. */
  readonly published: (sink: number) => readonly number[];
}

export function finalFolder(sink: number): string {
  return `/d/${sink}`;
}

export function createCheckedDisk(): CheckedDisk {
  const disk = createDisk();
  // Final names that records list: appended and not synced, by manifest, and those that count.
  const pending = new Map<string, string[]>();
  const listed = new Set<string>();
  const given = new Set<string>();
  let violation: string | undefined;
  const note = (path: string, text: string): void => {
    // A CRC, a space, and the record; that a line is whole is for those to find out who read it.
    for (const line of text.split("\n")) {
      const record = line === "" ? undefined : (JSON.parse(line.slice(line.indexOf(" "))) as ManifestLine);
      if (record?.kind !== "group") continue;
      const names = record.outputs.flatMap(({ output, files }) => files.map(({ name }) => `${finalFolder(output)}/${name}`));
      pending.set(path, [...(pending.get(path) ?? []), ...names]);
    }
  };
  const settle = (path: string): void => {
    for (const name of pending.get(path) ?? []) listed.add(name);
    pending.delete(path);
  };
  const isFinal = (path: string): boolean => path.includes("/part-") && !path.includes("/.");
  return {
    disk,
    watch: (fs) => ({
      ...fs,
      append: async (path, text) => {
        await fs.append(path, text);
        if (path.includes("/manifest-")) note(path, text);
      },
      sync: (path) => (pending.has(path) ? fs.sync(path).then(() => settle(path)) : fs.sync(path)),
      syncData: (path) => (pending.has(path) ? fs.syncData(path).then(() => settle(path)) : fs.syncData(path)),
      rename: async (from, to) => {
        // To ask for it is wrong already: the disk may do that first, and an engine may die over it.
        if (isFinal(to) && !listed.has(to)) violation ??= `${to} is seen before its group is committed`;
        await fs.rename(from, to);
        if (!isFinal(to)) return;
        if (given.has(to)) violation ??= `${to} is given twice`;
        given.add(to);
      },
    }),
    violation: () => violation,
    published: (sink) => {
      const files = [...filesIn(disk, finalFolder(sink))].filter(([name]) => name.startsWith("part-")).sort(([a], [b]) => (a < b ? -1 : 1));
      return files.flatMap(([, text]) => text.trim().split("\n").map(Number));
    },
  };
}
