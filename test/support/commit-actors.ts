/**
 * Runs of a pipeline with two sinks and two groups over a simulated disk, and what must never be seen of them: rows
 * lost, rows twice, files under a final name that no synced record lists, files changed or replaced.
 */
import { basename, dirname } from "node:path";
import { crc32 } from "node:zlib";
import { openCommitLog } from "../../runtime/recovery/commit-log.ts";
import { hasBegun } from "../../runtime/recovery/commit-state.ts";
import { findManifest } from "../../runtime/recovery/manifest-files.ts";
import type { FileSystem } from "../../runtime/recovery/file-system.ts";
import { readLines } from "../../runtime/recovery/manifest.ts";
import type { LogOutput, StagedFile } from "../../runtime/recovery/manifest.ts";
import { makeFolders, makeFoldersBelow } from "../../runtime/recovery/output-files.ts";
import { filesOf, openDisk } from "./simulated-disk.ts";
import type { Disk } from "./simulated-disk.ts";

const GROUPS = 2;
const SINKS = ["one", "two"] as const;
const ROWS = 10;

/** What a file of a group is called: the second sink partitions. */
function fileName(sink: number, group: number): string {
  return `${sink === 1 ? "k=v/" : ""}part-${String(group).padStart(5, "0")}-000.jsonl`;
}

export function expectedFiles(): readonly string[] {
  return SINKS.flatMap((sink, index) => Array.from({ length: GROUPS }, (_, group) => `/d/${sink}/${fileName(index, group)}`)).sort();
}

function describe(run: string): readonly LogOutput[] {
  return SINKS.map((sink) => ({ staging: `/d/.staging-${sink}-${run}-`, dead: `/d/.dead-${sink}-${run}-`, final: `/d/${sink}`, extension: "jsonl", isTemporary: false }));
}

/** How a run differs from a right one: what the check must find. */
export type Mutation = "renamesFirst" | "neverSyncs" | "neverFences" | "none";

/** Runs until everything is published. `name` marks what this run computed: another one gets other bytes. */
export async function runActor(fs: FileSystem, name: string): Promise<void> {
  const before = await findManifest(fs, "/c/check");
  const log = await openCommitLog(fs, {
    folder: "/c/check", owner: { pid: name.charCodeAt(0), started: name, host: "h" }, run: `r${name}`, describe, regions: 1, regionOf: () => 0, identity: {}, fresh: false,
    // As if the program were another by now: what has committed nothing is not gone on with.
    renew: before !== undefined && !hasBegun(before.state) && before.state.inputs !== undefined,
    isAlive: async () => false, check: () => {}, pause: async () => {},
  });
  // Another run came to its end after this one had looked.
  if (!log.state().cleared && (await isMarked(fs))) return log.forget([]);
  if (!log.state().published) {
    if (log.state().inputs === undefined) await log.noteInputs([]);
    if (!log.state().cleared) await log.clear(await oldFiles(fs));
    for (let group = log.state().regions[0].groups; group < GROUPS; group++) {
      const outputs: { readonly output: number; readonly rows: number; readonly files: readonly StagedFile[] }[] = [];
      for (const [output, { staging }] of describe(log.run).entries()) outputs.push({ output, rows: ROWS, files: [await stage(fs, `${staging}${log.epoch}`, fileName(output, group), `${name.repeat(name.charCodeAt(0) % 7)} ${group}`)] });
      const last = group === GROUPS - 1;
      await log.commit({ region: 0, group, chunks: group + 1, last, outputs, keys: [], rowsIn: ROWS, filtered: 0, dead: 0, split: 0, row: ROWS * (group + 1), passed: {}, exhausted: [] });
    }
    for (const [output, { staging, final }] of describe(log.run).entries()) {
      await stage(fs, `${staging}${log.epoch}`, "_SUCCESS", "new");
      await log.install(output, "_SUCCESS", `${final}/_SUCCESS`);
    }
  }
  if (log.state().regions[0].rowsIn !== GROUPS * ROWS) throw new Violation(`${log.state().regions[0].rowsIn} rows are counted, ${GROUPS * ROWS} were read`);
  await log.forget([]);
}

async function isMarked(fs: FileSystem): Promise<boolean> {
  for (const sink of SINKS) if (Buffer.from((await fs.read(`/d/${sink}/_SUCCESS`)) ?? []).toString() !== "new") return false;
  return true;
}

async function stage(fs: FileSystem, root: string, name: string, text: string): Promise<StagedFile> {
  const folders = await makeFoldersBelow(fs, root, name);
  const path = `${root}/${name}`;
  await fs.create(path);
  await fs.append(path, text);
  await fs.sync(path);
  for (const folder of folders) await fs.sync(folder);
  return { name, bytes: Buffer.byteLength(text), crc: crc32(text) };
}

/** Files of an earlier run that finished: its mark lists them. */
async function oldFiles(fs: FileSystem): Promise<readonly (readonly string[])[]> {
  const lists: (readonly string[])[] = [];
  for (const [output, sink] of SINKS.entries()) {
    const mark = Buffer.from((await fs.read(`/d/${sink}/_SUCCESS`)) ?? []).toString();
    lists.push(mark === "old" ? ["_SUCCESS", ...Array.from({ length: GROUPS }, (_, group) => fileName(output, group))] : []);
  }
  return lists;
}

/** Leaves what a finished run leaves. */
export async function finishOldRun(fs: FileSystem): Promise<void> {
  for (const [output, sink] of SINKS.entries()) {
    for (const name of ["_SUCCESS", ...Array.from({ length: GROUPS }, (_, group) => fileName(output, group))]) {
      const path = `/d/${sink}/${name}`;
      await makeFolders(fs, dirname(path), new Set());
      await fs.create(path);
      await fs.append(path, "old");
      await fs.sync(path);
      for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) await fs.sync(folder);
      await fs.sync("/");
    }
  }
}

export class Violation extends Error {
  override readonly name = "Violation";
}

/** Bytes that were seen under final names, by path: they may go with the power, but come back as they were. */
export type Exposed = ReadonlyMap<string, string>;

/** Looks at an operation before it is done; gives what is exposed after it. */
export function judgeOperation(disk: Disk, exposed: Exposed, operation: string, from: string, to: string | undefined): Exposed {
  if (operation !== "rename" || to === undefined || !isFinal(to)) return exposed;
  const seen = filesOf(disk);
  const text = seen.get(from);
  // The operation will fail.
  if (text === undefined) return exposed;
  if (seen.has(to)) throw new Violation(`${to} is replaced`);
  const records = [...filesOf(disk, "durable")].filter(([path]) => basename(path).startsWith("manifest-")).flatMap(([, bytes]) => readLines(Buffer.from(bytes)).lines);
  const isListed = records.some((line) => line.kind === "group" && line.outputs.some(({ output, files }) => files.some((file) => `/d/${SINKS[output]}/${file.name}` === to && file.bytes === text.length)));
  if (!isListed) throw new Violation(`${to} is seen before its group is committed`);
  const before = exposed.get(to);
  if (before !== undefined && before !== text) throw new Violation(`${to} was ${before} and is ${text}`);
  return new Map([...exposed, [to, text]]);
}

function isFinal(path: string): boolean {
  return SINKS.some((sink) => path.startsWith(`/d/${sink}/`)) && basename(path).startsWith("part-");
}

/** After everything was resumed until done. */
export function judgeEnd(disk: Disk, exposed: Exposed): void {
  const seen = filesOf(disk);
  const found = [...seen.keys()].filter(isFinal).sort();
  if (found.join() !== expectedFiles().join()) throw new Violation(`there is ${found.join(" ") || "nothing"}`);
  for (const path of found) if (seen.get(path) !== exposed.get(path)) throw new Violation(`${path} is ${seen.get(path)} and was ${exposed.get(path)}`);
  for (let group = 0; group < GROUPS; group++) {
    const [a, b] = SINKS.map((sink, index) => seen.get(`/d/${sink}/${fileName(index, group)}`));
    if (a !== b) throw new Violation(`group ${group} is of two runs: ${a} and ${b}`);
  }
  for (const sink of SINKS) if (seen.get(`/d/${sink}/_SUCCESS`) !== "new") throw new Violation(`${sink} has no mark`);
}

/** After everything was resumed until done, where no power was lost: nothing is left of those that were killed. */
export async function judgeLeft(disk: Disk): Promise<void> {
  const found = (await openDisk(disk, () => {}).list("/d")) ?? [];
  for (const { name } of found) if (name.startsWith(".")) throw new Violation(`${name} is left over`);
}

/** The same operations in a wrong order, or without some. */
export function mutate(fs: FileSystem, mutation: Mutation): FileSystem {
  switch (mutation) {
    case "none":
      return fs;
    case "neverSyncs":
      return { ...fs, sync: async () => {}, syncData: async () => {} };
    case "neverFences":
      return { ...fs, list: async (path) => (await fs.list(path))?.filter(({ name }) => !name.startsWith(".staging")) };
    case "renamesFirst":
      return renamingFirst(fs);
  }
}

function renamingFirst(fs: FileSystem): FileSystem {
  const early = new Set<string>();
  return {
    ...fs,
    append: async (path, text) => {
      const [line] = readLines(Buffer.from(text)).lines;
      if (line?.kind === "group") {
        const header = readLines((await fs.read(path)) ?? new Uint8Array()).lines.find((candidate) => candidate.kind === "header");
        for (const { output, files } of line.outputs) {
          const place = header?.outputs[output];
          if (place === undefined) continue;
          for (const { name } of files) {
            const to = `${place.final}/${name}`;
            await makeFolders(fs, dirname(to), new Set());
            await fs.rename(`${place.staging}${line.epoch}/${name}`, to);
            early.add(to);
          }
        }
      }
      await fs.append(path, text);
    },
    size: async (path) => (early.has(path) ? undefined : fs.size(path)),
    rename: async (from, to) => (early.delete(to) ? undefined : fs.rename(from, to)),
  };
}
