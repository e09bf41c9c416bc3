/**
 * The files of a folder and of all folders in it, in code unit order of their paths, with no more in memory than the
 * names of one folder (and of those it lies in). A folder that cannot be read is a JobError: its rows would be missing.
 */
import type { Dirent } from "node:fs";
import { opendir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeFileError } from "./file-error.ts";

/** A file system's own, at its root, which only the system may read. */
const RESCUED = "lost+found";

/** Entries that Node asks the system for at once. */
const ENTRIES_AT_ONCE = 1000;

interface Folder {
  readonly path: string;
  /** What the names of its files begin with: "" or "2024/may/". */
  readonly prefix: string;
  /** Where it really is, and the folders that it was come to by: a link back to one of them is not followed. */
  readonly real: string;
  readonly above: readonly string[];
}

/** An entry's name; a folder's ends with a slash, which puts it where the paths of its files belong. */
type EntryName = string;

/**
 * Names below `path` that `isWanted` takes, in runs. Left out: what begins with a dot (hidden), folders that begin
 * with `_` (what earlier runs left) or are the file system's own, pipes and devices. Links count as what they lead to.
 */
export async function* walkFolder(path: string, isWanted: (name: string) => boolean): AsyncGenerator<readonly string[]> {
  const real = await realpath(path).catch((error: unknown) => {
    throw describeFileError(error, path);
  });
  yield* walk({ path, prefix: "", real, above: [] }, isWanted);
}

async function* walk(folder: Folder, isWanted: (name: string) => boolean): AsyncGenerator<readonly string[]> {
  if (folder.above.includes(folder.real)) return;
  const { names, links } = await readNames(folder, isWanted);
  let run: string[] = [];
  for (const name of names.sort()) {
    if (!name.endsWith("/")) {
      run.push(`${folder.prefix}${name}`);
      continue;
    }
    yield run;
    run = [];
    yield* walk(enter(folder, name.slice(0, -1), links.get(name)), isWanted);
  }
  yield run;
}

function enter({ path, prefix, real, above }: Folder, name: string, link: string | undefined): Folder {
  return { path: join(path, name), prefix: `${prefix}${name}/`, real: link ?? join(real, name), above: [...above, real] };
}

/** `links`: where folders that are links really are. */
async function readNames({ path }: Folder, isWanted: (name: string) => boolean): Promise<{ names: EntryName[]; links: ReadonlyMap<EntryName, string> }> {
  const [names, links]: [EntryName[], Map<EntryName, string>] = [[], new Map()];
  try {
    for await (const entry of await opendir(path, { bufferSize: ENTRIES_AT_ONCE })) {
      const { name } = entry;
      if (name.startsWith(".")) continue;
      const kind = entry.isSymbolicLink() ? await kindOfLink(join(path, name)) : kindOf(entry);
      if (kind === "file" && isWanted(name)) names.push(name);
      if (kind !== "folder" || name.startsWith("_") || name === RESCUED) continue;
      names.push(`${name}/`);
      if (entry.isSymbolicLink()) links.set(`${name}/`, await realpath(join(path, name)));
    }
  } catch (error) {
    throw describeFileError(error, path);
  }
  return { names, links };
}

type Kind = "file" | "folder" | "other";

function kindOf(entry: Pick<Dirent, "isFile" | "isDirectory">): Kind {
  return entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other";
}

/** One that leads nowhere counts as a file: who looks at it says what is wrong. */
async function kindOfLink(path: string): Promise<Kind> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? "file" : kindOf(found);
}
