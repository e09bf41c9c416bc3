/** Folders that are there while something is done, and go away with it: also where a signal ends the command. */
import { mkdtempSync, rmSync } from "node:fs";

const endings = { SIGINT: 130, SIGTERM: 143 } as const;

/** `prefixes`: whole paths, which folders of new names begin with. */
export async function withTemporaryFolders<T>(prefixes: readonly string[], act: (folders: readonly string[]) => Promise<T>): Promise<T> {
  const folders: string[] = [];
  const remove = (): void => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
  const end = (signal: keyof typeof endings): void => {
    remove();
    process.exit(endings[signal]);
  };
  process.on("SIGINT", end).on("SIGTERM", end);
  try {
    for (const prefix of prefixes) folders.push(mkdtempSync(prefix));
    return await act(folders);
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
    remove();
  }
}
