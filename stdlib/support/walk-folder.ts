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

/** Both by their paths below the folder that is walked: `2024/may/1.jpg`, `2024/may`. */
export interface Selection {
  readonly takesFile: (path: string) => boolean;
  readonly entersFolder: (path: string) => boolean;
}

/** An entry's name; a folder's ends with a slash, which puts it where the paths of its files belong. */
type EntryName = string;

/** What is selected below `path`, in runs, without pipes, devices and the file system's own. Links count as what they lead to. */
export async function* walkFolder(path: string, selection: Selection): AsyncGenerator<readonly string[]> {
  const real = await realpath(path).catch((error: unknown) => {
    throw describeFileError(error, path);
  });
  yield* walk({ path, prefix: "", real, above: [] }, selection);
}

async function* walk(folder: Folder, selection: Selection): AsyncGenerator<readonly string[]> {
  if (folder.above.includes(folder.real)) return;
  const { names, links } = await readNames(folder, selection);
  let run: string[] = [];
  for (const name of names.sort()) {
    if (!name.endsWith("/")) {
      run.push(`${folder.prefix}${name}`);
      continue;
    }
    yield run;
    run = [];
    yield* walk(enter(folder, name.slice(0, -1), links.get(name)), selection);
  }
  yield run;
}

function enter({ path, prefix, real, above }: Folder, name: string, link: string | undefined): Folder {
  return { path: join(path, name), prefix: `${prefix}${name}/`, real: link ?? join(real, name), above: [...above, real] };
}

/** `links`: where folders that are links really are. */
async function readNames({ path, prefix }: Folder, { takesFile, entersFolder }: Selection): Promise<{ names: EntryName[]; links: ReadonlyMap<EntryName, string> }> {
  const [names, links]: [EntryName[], Map<EntryName, string>] = [[], new Map()];
  try {
    for await (const entry of await opendir(path, { bufferSize: ENTRIES_AT_ONCE })) {
      const { name } = entry;
      const kind = entry.isSymbolicLink() ? await kindOfLink(join(path, name)) : kindOf(entry);
      if (kind === "file" && takesFile(`${prefix}${name}`)) names.push(name);
      if (kind !== "folder" || name === RESCUED || !entersFolder(`${prefix}${name}`)) continue;
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
