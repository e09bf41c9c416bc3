/** The manifests of a checkpoint's folder: their numbers, owners, and what they say together. Changes nothing. */
import { join } from "node:path";
import { emptyState, foldLine } from "./commit-state.ts";
import type { FileSystem } from "./file-system.ts";
import { readLines } from "./manifest.ts";
import type { CommitState, GroupRecord, Header, LogOutput, ManifestText, Owner } from "./manifest.ts";

export function manifestPath(folder: string, number: number): string {
  return join(folder, `manifest-${String(number).padStart(5, "0")}`);
}

/** Numbers of the manifests that are there, ascending. */
export async function listManifests(fs: FileSystem, folder: string): Promise<readonly number[]> {
  const entries = (await fs.list(folder)) ?? [];
  return entries.flatMap(({ name }) => (/^manifest-\d{5,}$/.test(name) ? [Number(name.slice("manifest-".length))] : [])).sort((a, b) => a - b);
}

/** "none": nobody has it; undefined: whoever claimed it has not said who he is. */
export async function readOwner(fs: FileSystem, folder: string, number: number): Promise<Owner | "none" | undefined> {
  const { lines } = await readManifest(fs, folder, number);
  const [first] = lines;
  if (first?.kind !== "owner") return undefined;
  return lines.at(-1)?.kind === "released" ? "none" : first.owner;
}

async function readManifest(fs: FileSystem, folder: string, number: number, limit?: number): Promise<ManifestText> {
  return readLines((await fs.read(manifestPath(folder, number))) ?? new Uint8Array(), limit);
}

/** Where the runs of the manifests below `before` have put what they wrote: by run, those that were not gone on with too. */
export async function listRuns(fs: FileSystem, folder: string, before: number, describe: (run: string) => readonly LogOutput[]): Promise<ReadonlyMap<string, readonly LogOutput[]>> {
  const runs = new Map<string, readonly LogOutput[]>();
  for (const number of await listManifests(fs, folder)) {
    if (number >= before) continue;
    const { lines } = await readManifest(fs, folder, number);
    for (const line of lines) {
      if (line.kind === "owner" && line.run !== undefined && !runs.has(line.run)) runs.set(line.run, describe(line.run));
      if (line.kind === "header") runs.set(line.run, line.outputs);
    }
  }
  return runs;
}

export interface Found {
  readonly manifest: number;
  /** Bytes of it that count. */
  readonly length: number;
  readonly header: Header;
  readonly state: CommitState;
  /** Records since the last base: their files may not have their final names yet. */
  readonly recent: readonly GroupRecord[];
}

/** The last manifest below `before` that has a header. Those it goes on from are read as far as they counted then. */
export async function findManifest(fs: FileSystem, folder: string, before: number = Infinity): Promise<Found | undefined> {
  for (const number of (await listManifests(fs, folder)).toReversed()) {
    if (number >= before) continue;
    const found = await readChain(fs, folder, number);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function readChain(fs: FileSystem, folder: string, number: number, limit?: number): Promise<Found | undefined> {
  const { lines, length } = await readManifest(fs, folder, number, limit);
  const header = lines.find((line) => line.kind === "header");
  if (header === undefined) return undefined;
  const hasBase = lines.some((line) => line.kind === "base");
  const { previous } = header;
  const before = hasBase || previous === undefined ? undefined : await readChain(fs, folder, previous.manifest, previous.length);
  if (!hasBase && previous !== undefined && before === undefined) throw new Error(`manifest ${previous.manifest}, which ${number} goes on from, is gone`);
  let state = before?.state ?? emptyState(header.regions, header.outputs.length);
  let recent: readonly GroupRecord[] = before?.recent ?? [];
  for (const line of lines) {
    state = foldLine(state, line);
    if (line.kind === "base") recent = [];
    if (line.kind === "group") recent = [...recent, line];
  }
  return { manifest: number, length, header, state, recent };
}
